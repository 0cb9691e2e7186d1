/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sign/pe-sum.h"

#include <string.h>

#include "base/le.h"
#include "sign/pe-disk.h"

/* Where the checksum stands; 0: nowhere. */
static size_t find_place(struct wtg_span file)
{
    enum { SUM_OFFSET = 24 + 64 }; /* behind the signature and the file header, "PE Format" */
    struct pe_info info;
    struct wtg_err ignored = { 0 };

    if (pe_read(file, &info, &ignored) < 0 || file.n > UINT32_MAX)
        return 0;
    const struct pe_dos_disk *dos = span_at(file, 0, sizeof *dos);
    size_t place = (size_t)get_le32(dos->header) + SUM_OFFSET;
    return place % 2 == 0 && span_at(file, place, sizeof(le32)) ? place : 0;
}

/* Words of 16 bits added with carry, the checksum's own place taken for 0, plus the length. Source:
 * what programs of Windows carry; "PE Format" only says that IMAGHELP.DLL computes it. */
uint32_t pe_sum_make(struct wtg_span file)
{
    size_t place = find_place(file);
    uint64_t sum = 0;

    if (!place)
        return 0;
    for (size_t i = 0; i + 1 < file.n; i += 2)
        if (i < place || i >= place + sizeof(le32))
            sum += le16_at(file.p + i);
    if (file.n % 2)
        sum += file.p[file.n - 1];
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint32_t)sum + (uint32_t)file.n;
}

enum pe_sum pe_sum(struct wtg_span file)
{
    size_t place = find_place(file);

    if (!place || le32_at(file.p + place) == 0)
        return PE_SUM_NONE;
    return pe_sum_make(file) == le32_at(file.p + place) ? PE_SUM_FITS : PE_SUM_WRONG;
}
