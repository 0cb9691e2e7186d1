/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "boot/device.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/le.h"
#include "base/mem.h"
#include "test.h"

/* Bytes from "06 00*3 48": hex, with "*n" repeating the byte before. */
static size_t from_hex(const char *s, uint8_t *out)
{
    size_t n = 0;
    while (*s) {
        char *end;
        if (*s == ' ') {
            s++;
        } else if (*s == '*') {
            for (unsigned long k = strtoul(s + 1, &end, 10); k > 1; k--, n++)
                out[n] = out[n - 1];
            s = end;
        } else {
            char two[3] = { s[0], s[1], 0 };
            out[n++] = (uint8_t)strtoul(two, NULL, 16);
            s += 2;
        }
    }
    return n;
}

/* From real stores (docs/formats/bcd.md), but "locate" without parent, "unknown" and "damaged". */
static const struct {
    const char *hex, *text;
} samples[] = {
    { "00*16 06 00*7 48 00*7 55 39 be 36 bf 63 68 40 a6 ab 00 19 5c ca 3a 22 00*8 "
      "a9 94 23 0b 5e 09 7d 48 8d 48 71 9e cd 4d 78 ca 00*16",
      "partition 36be3955-63bf-4068-a6ab-00195cca3a22 of disk "
      "0b2394a9-095e-487d-8d48-719ecd4d78ca" },
    { "00*16 06 00*7 48 00*7 00 00 50 1f 00*12 00*4 01 00*3 b1 9a da 43 00*12 00*16",
      "partition at byte 525336576 of disk 43da9ab1" },
    { "00*16 05 00*7 48 00*7 00*56", "boot" },
    { "00*16 06 00*7 bc 00*7 00 00 10 00*13 06 00*3 01 00*3 df d6 f1 a3 00*12 "
      "00*8 84 00*7 05 00*3 01 00*3 70 00*3 05 00*3 06 00*7 48 00*7 "
      "b2 d6 c8 e9 70 eb 67 4c 8a f5 5a 7a a9 3e 6a e7 00*8 "
      "fe 8f c1 c9 48 b2 38 41 b5 e6 a0 bc ef d1 d3 06 00*16 "
      "5c 00 31 00 38 00 30 00 39 00 2e 00 34 00 30 00 32 00 2e 00 76 00 68 00 64 00 00 00",
      "partition at byte 1048576 of disk a3f1d6df on file '\\1809.402.vhd' on partition "
      "e9c8d6b2-eb70-4c67-8af5-5a7aa93e6ae7 of disk c9c18ffe-b248-4138-b5e6-a0bcefd1d306" },
    { "e7 62 3b 73 08 f6 eb 11 82 5c c1 12 f6 01 33 ab 00*4 01 00*3 b8 00*7 03 00*3 00*20 "
      "01 00*3 90 00*3 05 00*3 06 00*7 48 00*7 69 cd df 6c 75 de 90 44 8f 99 5a 84 bf 26 49 17 "
      "00*8 "
      "a9 94 23 0b 5e 09 7d 48 8d 48 71 9e cd 4d 78 ca 00*16 5c 00 52 00 65 00 2e 00 77 00 69 00 "
      "6d 00*3 00*44",
      "ramdisk from '\\Re.wim' on partition 6cdfcd69-de75-4490-8f99-5a84bf264917 of disk "
      "0b2394a9-095e-487d-8d48-719ecd4d78ca" },
    { "00*16 08 00*7 1e 00*7 00*4 02 00 00 12 00*4 00 00",
      "the first volume with what element 12000002 names" },
    { "00*16 00*8 38 00*7 00*4 00*4 a9 94 23 0b 5e 09 7d 48 8d 48 71 9e cd 4d 78 ca 00*16",
      "disk 0b2394a9-095e-487d-8d48-719ecd4d78ca" },
    { "00*16 09 00*7 48 00*7 00*56", "unknown kind 9" },
    { "00*16 06 00*7 48 00*7 00*16 02 00*3 00*52", "unknown kind 2" },
    { "00*16 06 00*7 48 00*7 00*16 00*4 02 00*3 00*48", "unknown kind 2" },
    { "", "damaged" },
    { "00*16 06 00*7 ff 00*7 00*56", "damaged" },
    { "00*17 06 00*7 48 00*7 00*56", "damaged" }, /* shifted by a byte: seen in the wild */
};

static void samples_are_understood(void)
{
    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        uint8_t e[512];
        char text[512];
        size_t n = from_hex(samples[i].hex, e);
        boot_device_text((struct wtg_span){ e, n }, text, sizeof text);
        if (strcmp(text, samples[i].text) != 0)
            printf("# sample %zu: %s\n", i, text);
        CHECK(strcmp(text, samples[i].text) == 0);
    }
}

static void partitions_are_written_as_windows_does(void)
{
    uint8_t want[512], got[BOOT_PARTITION_BYTES];
    struct boot_partition gpt = { 0 }, mbr = { .mbr = true };
    guid_parse("0b2394a9-095e-487d-8d48-719ecd4d78ca", &gpt.disk);
    guid_parse("36be3955-63bf-4068-a6ab-00195cca3a22", &gpt.partition);
    boot_device_encode(&gpt, got);
    CHECK(from_hex(samples[0].hex, want) == sizeof got && memcmp(want, got, sizeof got) == 0);
    mbr.signature = 0x43da9ab1;
    mbr.offset_bytes = 0x1f500000;
    boot_device_encode(&mbr, got);
    CHECK(from_hex(samples[1].hex, want) == sizeof got && memcmp(want, got, sizeof got) == 0);
}

static void partitions_come_back(void)
{
    uint8_t e[BOOT_PARTITION_BYTES];
    struct boot_device d;
    struct boot_partition p = { .mbr = true, .signature = 7, .offset_bytes = 1ULL << 40 };
    boot_device_encode(&p, e);
    boot_device_decode((struct wtg_span){ e, sizeof e }, &d);
    CHECK(d.nlayers == 1 && d.layer[0].kind == BOOT_DEVICE_PARTITION);
    CHECK(d.layer[0].partition.signature == 7 && d.layer[0].partition.offset_bytes == 1ULL << 40);
}

static void cut_and_flipped_elements_do_no_harm(void)
{
    uint8_t e[512];
    char text[300];
    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        size_t n = from_hex(samples[i].hex, e);
        for (size_t k = 0; k <= n; k++) {
            uint8_t *exact = malloc(k + 1); /* so that ASan sees a read behind the end */
            memcpy(exact + 1, e, k);
            boot_device_text((struct wtg_span){ exact + 1, k }, text, sizeof text);
            free(exact);
        }
        for (size_t k = 0; k < n; k++)
            for (unsigned bit = 0; bit < 8; bit++) {
                e[k] ^= (uint8_t)(1u << bit);
                boot_device_text((struct wtg_span){ e, n }, text, 1 + k % sizeof text);
                e[k] ^= (uint8_t)(1u << bit);
            }
    }
    CHECK(true);
}

/* A file on a file on a file...: ends, and says so. */
static void endless_nesting_ends(void)
{
    uint8_t e[2048] = { 0 };
    char text[1024];
    for (size_t at = 16; at + 100 < sizeof e; at += 32) { /* block, file, source is the next one */
        put_le32(e + at + 8, (uint32_t)(sizeof e - 200 - at));
        put_le32(e + at + 16, 5);
        put_le32(e + at + 20, 1);
        put_le32(e + at + 24, (uint32_t)(sizeof e - 200 - at - 20));
        put_le32(e + at + 28, 5);
    }
    boot_device_text((struct wtg_span){ e, sizeof e }, text, sizeof text);
    CHECK(strstr(text, "damaged"));
}

static const struct test tests[] = {
    TEST(samples_are_understood), TEST(partitions_are_written_as_windows_does),
    TEST(partitions_come_back),   TEST(cut_and_flipped_elements_do_no_harm),
    TEST(endless_nesting_ends),
};
TEST_MAIN(tests)
