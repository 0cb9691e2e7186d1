/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Block maps: each version, and a table of what may be wrong with one. */
#include "test.h"

#include "base/mem.h"
#include "image/bmap.h"

#define SUM1 "a9993e364706816aba3e25717850c26c9cd0d89d"
#define START(version) "<?xml version=\"1.0\" ?><bmap version=\"" version "\">"
#define SIZES                                                                                      \
    "<ImageSize> 40000 </ImageSize><BlockSize> 4096 </BlockSize><BlocksCount>10</BlocksCount>"
#define MAP(mapped, ranges)                                                                        \
    "<MappedBlocksCount> " mapped " </MappedBlocksCount><BlockMap>" ranges "</BlockMap></bmap>"

static int parse(const char *xml, struct bmap *ret, struct wtg_err *err)
{
    return bmap_parse((struct wtg_span){ (const uint8_t *)xml, strlen(xml) }, ret, err);
}

static void ranges_are_read(void)
{
    struct wtg_err err = { 0 };
    struct bmap b = { 0 };

    OK(parse(START("1.2") SIZES MAP("5", "<Range> 0 </Range><!-- x --><Range sha1=\"" SUM1 "\">2-3"
                                         "</Range>\n<Range>\t8 - 9 </Range>"),
             &b, &err),
       err);
    REQUIRE(b.nranges == 3);
    CHECK(b.image_bytes == 40000 && b.block_bytes == 4096 && b.nsums == 1);
    CHECK(b.range[0].off == 0 && b.range[0].size == 4096 && !b.range[0].has_sum);
    CHECK(b.range[1].off == 8192 && b.range[1].size == 8192 && b.range[1].has_sum);
    CHECK(b.range[1].sum[0] == 0xa9 && b.range[1].sum[19] == 0x9d);
    CHECK(b.range[2].off == 32768 && b.range[2].size == 40000 - 32768); /* ends with the image */
    CHECK(b.mapped_bytes == 4096 + 8192 + 40000 - 32768);
    bmap_release(&b);
}

/* The sum of a file is over the file with zeroes in its place. */
static void own_checksum_is_compared(void)
{
    static const char *const forms[] = {
        START("2.0") SIZES "<ChecksumType> sha256 </ChecksumType><BmapFileChecksum> %s "
                           "</BmapFileChecksum>" MAP("1", "<Range>1</Range>"),
        START("1.4") SIZES "<ChecksumType>sha1</ChecksumType><BmapFileChecksum>%s"
                           "</BmapFileChecksum>" MAP("1", "<Range>1</Range>"),
        START("1.3") SIZES "<BmapFileSHA1> %s </BmapFileSHA1>" MAP("1", "<Range>1</Range>"),
    };

    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        char zeroes[65], xml[1000], hex[65];
        uint8_t sum[SHA256_BYTES];
        size_t n = i == 0 ? SHA256_BYTES : SHA1_BYTES;
        struct wtg_err err = { 0 };
        struct bmap b = { 0 };
        memset(zeroes, '0', sizeof zeroes);
        zeroes[2 * n] = '\0';
        char *percent = strstr(forms[i], "%s");
        snprintf(xml, sizeof xml, "%.*s%s%s", (int)(percent - forms[i]), forms[i], zeroes,
                 percent + 2);
        if (i == 0)
            hash_sha256(xml, strlen(xml), sum);
        else
            hash_sha1(xml, strlen(xml), sum);
        hash_hex(sum, n, hex);
        memcpy(strstr(xml, zeroes), hex, 2 * n);
        OK(parse(xml, &b, &err), err);
        CHECK(b.kind == (i == 0 ? HASH_SHA256 : HASH_SHA1));
        bmap_release(&b);
        strstr(xml, "<Range>1")[7] = '2';
        CHECK(parse(xml, &b, &err) == WTG_E_IMAGE_DAMAGED);
        CHECK(strstr(err.text, "own checksum"));
    }
}

static void damage_is_refused(void)
{
    static const struct {
        const char *xml, *says;
        int code;
    } cases[] = {
        { "", "no XML", WTG_E_IMAGE_DAMAGED },
        { "<html></html>", "no XML", WTG_E_IMAGE_DAMAGED },
        { START("1.2") SIZES "<BlockMap>", "no XML", WTG_E_IMAGE_DAMAGED },
        { "<bmap>" SIZES MAP("0", ""), "version ''", WTG_E_UNSUPPORTED },
        { START("1.1") SIZES MAP("0", ""), "version '1.1'", WTG_E_UNSUPPORTED },
        { START("3.0") SIZES MAP("0", ""), "version '3.0'", WTG_E_UNSUPPORTED },
        { START("2.0") SIZES MAP("0", ""), "sha1 or sha256", WTG_E_UNSUPPORTED },
        { START("2.0") SIZES "<ChecksumType>md5</ChecksumType>" MAP("0", ""), "'md5'",
          WTG_E_UNSUPPORTED },
        { START("2.0") SIZES "<ChecksumType>sha1</ChecksumType>" MAP("0", ""), "no checksum",
          WTG_E_IMAGE_DAMAGED },
        { START("1.3") SIZES "<BmapFileSHA1>&#97;9993e364706816aba3e25717850c26c9cd0d89d"
                             "</BmapFileSHA1>" MAP("0", ""),
          "strange way", WTG_E_IMAGE_DAMAGED },
        { START("1.2") MAP("0", ""), "<ImageSize>", WTG_E_IMAGE_DAMAGED },
        { START("1.2") "<ImageSize>-1</ImageSize>" MAP("0", ""), "<ImageSize>",
          WTG_E_IMAGE_DAMAGED },
        { START("1.2") "<ImageSize>99999999999999999999</ImageSize>" MAP("0", ""), "<ImageSize>",
          WTG_E_IMAGE_DAMAGED },
        { START("1.2") "<ImageSize>1</ImageSize><BlockSize>0</BlockSize><BlocksCount>1</"
                       "BlocksCount>" MAP("0", ""),
          "0 bytes", WTG_E_IMAGE_DAMAGED },
        { START("1.2") "<ImageSize>0</ImageSize><BlockSize>512</BlockSize><BlocksCount>0</"
                       "BlocksCount>" MAP("0", ""),
          "blocks", WTG_E_IMAGE_DAMAGED },
        { START("1.2") "<ImageSize>1</ImageSize><BlockSize>4097</BlockSize><BlocksCount>1</"
                       "BlocksCount>" MAP("0", ""),
          "4097 bytes", WTG_E_IMAGE_DAMAGED },
        { START("1.2") "<ImageSize>18446744073709551615</ImageSize><BlockSize>512</BlockSize>"
                       "<BlocksCount>36028797018963968</BlocksCount>" MAP("0", ""),
          "blocks", WTG_E_IMAGE_DAMAGED },
        { START("1.2") SIZES "</bmap>", "<BlockMap>", WTG_E_IMAGE_DAMAGED },
        { START("1.2") SIZES MAP("1", "<Range></Range>"), "FIRST-LAST", WTG_E_IMAGE_DAMAGED },
        { START("1.2") SIZES MAP("1", "<Range>1-</Range>"), "FIRST-LAST", WTG_E_IMAGE_DAMAGED },
        { START("1.2") SIZES MAP("1", "<Range>1 2</Range>"), "FIRST-LAST", WTG_E_IMAGE_DAMAGED },
        { START("1.2") SIZES MAP("1", "<Range>1-2-3</Range>"), "FIRST-LAST", WTG_E_IMAGE_DAMAGED },
        { START("1.2") SIZES MAP("1", "<Range>0x1</Range>"), "FIRST-LAST", WTG_E_IMAGE_DAMAGED },
        { START("1.2") SIZES MAP("1", "<Range>2-1</Range>"), "inside", WTG_E_IMAGE_DAMAGED },
        { START("1.2") SIZES MAP("1", "<Range>10</Range>"), "inside", WTG_E_IMAGE_DAMAGED },
        { START("1.2") SIZES MAP("1", "<Range>0-18446744073709551615</Range>"), "inside",
          WTG_E_IMAGE_DAMAGED },
        { START("1.2") SIZES MAP("4", "<Range>0-2</Range><Range>2</Range>"), "behind",
          WTG_E_IMAGE_DAMAGED },
        { START("1.2") SIZES MAP("2", "<Range>4</Range><Range>2</Range>"), "behind",
          WTG_E_IMAGE_DAMAGED },
        { START("1.2") SIZES MAP("2", "<Range>4</Range>"), "lists 1 blocks", WTG_E_IMAGE_DAMAGED },
        { START("1.2") SIZES MAP("1", "<Range chksum=\"12\">4</Range>"), "'12' is no checksum",
          WTG_E_IMAGE_DAMAGED },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct wtg_err err = { 0 };
        struct bmap b = { 0 };
        int r = parse(cases[i].xml, &b, &err);
        if (r != cases[i].code || !strstr(err.text, cases[i].says))
            printf("# %s: %d '%s'\n", cases[i].xml, r, err.text);
        CHECK(r == cases[i].code && strstr(err.text, cases[i].says));
    }
}

static const struct test tests[] = {
    TEST(ranges_are_read),
    TEST(own_checksum_is_compared),
    TEST(damage_is_refused),
};
TEST_MAIN(tests)
