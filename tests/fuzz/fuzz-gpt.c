/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/le.h"
#include "disk/contents.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t crc32(const uint8_t *p, size_t n)
{
    uint32_t crc = ~0u;

    while (n--) {
        crc ^= *p++;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (0xedb88320u & (0u - (crc & 1)));
    }
    return ~crc;
}

/* Makes the checksums of a header right, so that what stands behind them is tested too. */
static void mend(uint8_t *disk, size_t size, size_t at)
{
    if (at + 512 > size || memcmp(disk + at, "EFI PART", 8) != 0)
        return;
    uint8_t *h = disk + at;
    uint64_t entries = le64_at(h + 0x48), bytes = (uint64_t)le32_at(h + 0x50) * le32_at(h + 0x54);
    uint32_t header = le32_at(h + 0x0c);
    if (entries < size / 512 && bytes <= size - entries * 512)
        put_le32(h + 0x58, crc32(disk + entries * 512, bytes));
    put_le32(h + 0x10, 0);
    if (header <= 512)
        put_le32(h + 0x10, crc32(h, header));
}

static void read_once(const uint8_t *disk, size_t size)
{
    struct wtg_err err = { 0 };
    struct blk *b = NULL;
    struct disk_contents c;
    char line[DISK_LINE_BYTES];

    if (blk_mem_wrap(disk, size, &b, &err) < 0)
        return;
    if (disk_contents_read(b, &c, &err) == 0) {
        disk_contents_summary(&c, line);
        for (size_t i = 0; i < c.nparts; i++) {
            disk_content_line(&c, &c.part[i], line);
            if (c.part[i].offset_bytes + c.part[i].size_bytes > size)
                abort();
        }
        disk_contents_release(&c);
    }
    blk_free(b);
}

/* The bytes are a disk, once as they are, once with good checksums. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size + 1);

    if (!copy)
        return 0;
    read_once(data, size);
    memcpy(copy, data, size);
    mend(copy, size, 512);
    if (size >= 512)
        mend(copy, size, size / 512 * 512 - 512);
    read_once(copy, size);
    free(copy);
    return 0;
}
