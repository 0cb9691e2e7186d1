/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The door: discs, parts of split images, which image is meant. */

#include <sys/stat.h>
#include <wimlib.h>

#include "blk/blk.h"
#include "fixture.h"
#include "image/wim.h"
#include "made.h"

static int open_it(const char *name, const char *inside, struct image **ret, struct wtg_err *err)
{
    char path[256];
    *ret = NULL;
    return image_open(fixture_path(name, path), inside, ret, err);
}

/* The error of opening, or 0. */
static int try_open(const char *name, const char *inside, struct wtg_err *err)
{
    struct image *image = NULL;
    int r = open_it(name, inside, &image, err);
    image_free(image);
    return r;
}

/* Does image 1 hold \f with the number, all of it right? */
static bool holds(struct image *image, const char *want)
{
    struct wtg_err err = { 0 };
    struct tree *t = NULL;
    AUTO_FREE uint8_t *p = NULL;
    size_t n = 0;
    bool good = image_load_tree(image, 1, &t, &err) == 0 &&
                tree_read_file(t, "f", 1 << 20, &p, &n, &err) == 0 && n == strlen(want) &&
                memcmp(p, want, n) == 0;
    if (!good)
        printf("# %s\n", err.text);
    tree_free(t);
    return good;
}

static bool iso_holds(const char *iso, const char *inside, enum image_container container,
                      const char *path, const char *want)
{
    struct wtg_err err = { 0 };
    struct image *image = NULL;

    if (open_it(iso, inside, &image, &err) < 0) {
        printf("# %s: %s\n", iso, err.text);
        return false;
    }
    struct image_facts f = image_facts(image);
    bool good = f.container == container && strcasecmp(f.inside, path) == 0 && holds(image, want);
    if (!good)
        printf("# %s: %s, '%s'\n", iso, image_container_name(f.container), f.inside);
    image_free(image);
    return good;
}

static bool tools(void)
{
    return have("wimlib-imagex") && have("genisoimage") && have("xorriso");
}

static bool make_discs(void)
{
    return shell(
        "[ -d disc ] && exit 0\n"
        "mkdir -p t1 t2 disc/sources upper/SOURCES dual/x64/sources dual/x86/sources esd/Sources\n"
        "mkdir -p swm/sources none/other\n"
        "echo one >t1/f; echo two >t2/f; seq 90000 >t1/pad\n"
        "wimlib-imagex capture t1 disc/sources/install.wim A --compress=XPRESS --check\n"
        "wimlib-imagex capture t2 two.wim B\n"
        "cp two.wim upper/SOURCES/INSTALL.WIM\n"
        "cp disc/sources/install.wim dual/x64/sources; cp two.wim dual/x86/sources/install.wim\n"
        "wimlib-imagex export two.wim 1 esd/Sources/Install.ESD --solid --compress=LZMS\n"
        "wimlib-imagex split disc/sources/install.wim swm/sources/install.swm 0.1\n"
        "echo x >none/other/y\n"
        "genisoimage -quiet -o plain.iso disc\n"
        "genisoimage -quiet -J -R -o joliet.iso disc\n"
        "genisoimage -quiet -udf -o udf.iso disc\n"
        "genisoimage -quiet -udf -o upper.iso upper\n"
        "genisoimage -quiet -o upper9660.iso upper\n"
        "genisoimage -quiet -udf -allow-lowercase -o dual.iso dual\n"
        "genisoimage -quiet -udf -o esd.iso esd\n"
        "genisoimage -quiet -udf -o swm-udf.iso swm\n"
        "genisoimage -quiet -J -o swm.iso swm\n"
        "xorriso -as mkisofs -quiet -iso-level 3 -o xorriso.iso disc\n"
        "genisoimage -quiet -udf -o none.iso none\n");
}

static void finds_the_wim_in_discs(void)
{
    if (!tools())
        SKIP("needs wimlib-imagex, genisoimage and xorriso");
    REQUIRE(make_discs());
    CHECK(iso_holds("plain.iso", NULL, IMAGE_IN_ISO, "sources/install.wim", "one\n"));
    CHECK(iso_holds("joliet.iso", NULL, IMAGE_IN_ISO, "sources/install.wim", "one\n"));
    CHECK(iso_holds("xorriso.iso", NULL, IMAGE_IN_ISO, "sources/install.wim", "one\n"));
    CHECK(iso_holds("udf.iso", NULL, IMAGE_IN_UDF, "sources/install.wim", "one\n"));
    CHECK(iso_holds("upper.iso", NULL, IMAGE_IN_UDF, "SOURCES/INSTALL.WIM", "two\n"));
    CHECK(iso_holds("upper9660.iso", NULL, IMAGE_IN_ISO, "SOURCES/INSTALL.WIM", "two\n"));
    CHECK(iso_holds("esd.iso", NULL, IMAGE_IN_UDF, "Sources/Install.ESD", "two\n"));
    CHECK(iso_holds("dual.iso", NULL, IMAGE_IN_UDF, "x64/sources/install.wim", "one\n"));
    CHECK(iso_holds("dual.iso", "X86\\sources/INSTALL.wim", IMAGE_IN_UDF, "x86/sources/install.wim",
                    "two\n"));
    CHECK(iso_holds("swm.iso", NULL, IMAGE_IN_ISO, "sources/install.swm", "one\n"));
    CHECK(iso_holds("swm-udf.iso", NULL, IMAGE_IN_UDF, "sources/install.swm", "one\n"));
}

static void tells_of_a_second_one(void)
{
    struct image *image = NULL;
    struct wtg_err err = { 0 };

    if (!tools())
        SKIP("needs wimlib-imagex, genisoimage and xorriso");
    REQUIRE(make_discs());
    OK(open_it("dual.iso", NULL, &image, &err), err);
    CHECK(image_facts(image).several_inside);
    image_free(image);
    OK(open_it("udf.iso", NULL, &image, &err), err);
    CHECK(!image_facts(image).several_inside);
    image_free(image);
}

static void discs_that_do_not_do(void)
{
    struct wtg_err err = { 0 };

    if (!tools())
        SKIP("needs wimlib-imagex, genisoimage and xorriso");
    REQUIRE(make_discs());
    CHECK(try_open("none.iso", NULL, &err) == WTG_E_IMAGE_FORMAT &&
          strstr(err.text, "install.wim"));
    CHECK(try_open("udf.iso", "sources/other.wim", &err) == WTG_E_NOT_FOUND);
    CHECK(try_open("udf.iso", "sources", &err) == WTG_E_NOT_FOUND);
    CHECK(try_open("two.wim", "sources/install.wim", &err) == WTG_E_USAGE);
    CHECK(try_open("no such file", NULL, &err) == WTG_E_NOT_FOUND);
    CHECK(try_open("disc", NULL, &err) == WTG_E_IMAGE_FORMAT);
}

static void cut_discs_are_not_complete(void)
{
    static const char *const names[] = { "plain.iso", "udf.iso", "joliet.iso" };

    if (!tools())
        SKIP("needs wimlib-imagex, genisoimage and xorriso");
    REQUIRE(make_discs());
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        size_t n = 0;
        AUTO_FREE uint8_t *p = fixture_read(names[i], &n);
        size_t cuts[] = { n - 1, n - 2048, n / 2, 80000 };
        for (size_t k = 0; k < ARRAY_LEN(cuts); k++) {
            struct wtg_err err = { 0 };
            fixture_write("cut.iso", p, cuts[k]);
            CHECK(try_open("cut.iso", NULL, &err) == WTG_E_IMAGE_DAMAGED);
            CHECK(strstr(err.text, "not complete") && err.hint[0]);
        }
    }
}

/* Two extents, as files beyond 4 GiB have them: an ISO made by hand in which install.wim lies in
 * two pieces. */
static void a_file_in_two_extents(void)
{
    struct made_metadata m = made_everything();
    struct bytes w = made_wrap(m.m.p, m.m.n), iso = { 0 };
    struct wtg_err err = { 0 };
    struct blk *b = NULL;
    struct image *image = NULL;

    REQUIRE(w.n > 2048);
    bytes_add(&iso, NULL, 30 * 2048);
    uint8_t *pvd = iso.p + 16 * 2048, *end = iso.p + 17 * 2048;
    memcpy(pvd, "\1CD001\1", 7);
    memcpy(end, "\377CD001\1", 7);
    put_le32(pvd + 0x50, 30);
    put_le16(pvd + 0x80, 2048);
    const struct {
        size_t at;
        uint32_t lba, size;
        uint8_t flags;
        const char *name;
    } records[] = {
        { 16 * 2048 + 0x9c, 18, 2048, 2, "\1" },
        { 18 * 2048, 19, 2048, 2, "SOURCES" },
        { 19 * 2048, 25, 2048, 0x80, "INSTALL.WIM;1" },
        { 19 * 2048 + 46, 21, (uint32_t)w.n - 2048, 0, "INSTALL.WIM;1" },
    };
    for (size_t i = 0; i < ARRAY_LEN(records); i++) {
        uint8_t *r = iso.p + records[i].at;
        r[0] = (uint8_t)((33 + strlen(records[i].name) + 1) & ~1u);
        put_le32(r + 2, records[i].lba);
        put_le32(r + 10, records[i].size);
        r[25] = records[i].flags;
        r[32] = (uint8_t)strlen(records[i].name);
        memcpy(r + 33, records[i].name, r[32]);
    }
    memcpy(iso.p + 25 * 2048, w.p, 2048);
    memcpy(iso.p + 21 * 2048, w.p + 2048, w.n - 2048);
    OK(blk_mem_wrap(iso.p, iso.n, &b, &err), err);
    OK(image_open_blk(b, NULL, &image, &err), err);
    CHECK(image_facts(image).wim_bytes == w.n && image_facts(image).container == IMAGE_IN_ISO);
    image_free(image);
    put_le32(iso.p + 19 * 2048 + 46 + 2, 29); /* the second one reaches over the end */
    CHECK(image_open_blk(b, NULL, &image, &err) == (w.n > 4096 ? WTG_E_IMAGE_DAMAGED : 0) ||
          err.code == WTG_E_IMAGE_DAMAGED);
    blk_free(b);
    free(iso.p);
    free(w.p);
    free(m.m.p);
}

static void split_images(void)
{
    struct wtg_err err = { 0 };
    struct image *image = NULL;

    if (!tools())
        SKIP("needs wimlib-imagex, genisoimage and xorriso");
    REQUIRE(make_discs());
    REQUIRE(shell("rm -rf s; cp -r swm/sources s; cd s; ls >../parts\n"
                  "cp install2.swm ../saved2; wimlib-imagex split ../two.wim other.swm 100"));
    OK(open_it("s/install.swm", NULL, &image, &err), err);
    struct image_facts f = image_facts(image);
    CHECK(f.parts >= 2 && holds(image, "one\n"));
    image_free(image);

    CHECK(try_open("s/install2.swm", NULL, &err) == WTG_E_IMAGE_PART && strstr(err.text, "part 2"));
    REQUIRE(shell("rm s/install2.swm"));
    CHECK(try_open("s/install.swm", NULL, &err) == WTG_E_IMAGE_PART);
    CHECK(strstr(err.text, "'install2.swm'") && err.hint[0]);
    REQUIRE(shell("cp s/install.swm s/install2.swm"));
    CHECK(try_open("s/install.swm", NULL, &err) == WTG_E_IMAGE_PART && strstr(err.text, "part 1"));
    REQUIRE(shell("cp two.wim s/install2.swm"));
    CHECK(try_open("s/install.swm", NULL, &err) == WTG_E_IMAGE_PART && strstr(err.text, "GUID"));
    REQUIRE(shell("head -c 300 saved2 >s/install2.swm"));
    CHECK(try_open("s/install.swm", NULL, &err) == WTG_E_IMAGE_DAMAGED);
    CHECK(strstr(err.text, "install2.swm"));
}

static void integrity_tables(void)
{
    struct wtg_err err = { 0 };
    struct image *image = NULL;
    bool present = false;
    size_t n = 0;

    if (!tools())
        SKIP("needs wimlib-imagex, genisoimage and xorriso");
    REQUIRE(make_discs());
    OK(open_it("two.wim", NULL, &image, &err), err);
    CHECK(image_verify_integrity(image, NULL, &present, &err) == 0 && !present);
    image_free(image);
    OK(open_it("udf.iso", NULL, &image, &err), err);
    CHECK(image_verify_integrity(image, NULL, &present, &err) == 0 && present);
    struct wtg_job job = { .cancel = true };
    CHECK(image_verify_integrity(image, &job, &present, &err) == WTG_E_CANCELLED);
    image_free(image);
    AUTO_FREE uint8_t *p = fixture_read("disc/sources/install.wim", &n);
    uint64_t table = le64_at(p + 0x84);
    struct {
        size_t at;
        int want;
    } rows[] = {
        { 300, WTG_E_IMAGE_HASH },
        { table + 15, WTG_E_IMAGE_HASH },
        { table + 5, WTG_E_IMAGE_DAMAGED },
        { 0x89, WTG_E_IMAGE_DAMAGED },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        p[rows[i].at] ^= 0x40;
        fixture_write("broken.wim", p, n);
        p[rows[i].at] ^= 0x40;
        OK(open_it("broken.wim", NULL, &image, &err), err);
        int r = image_verify_integrity(image, NULL, &present, &err);
        if (r != rows[i].want)
            printf("# byte %zu: %d %s\n", rows[i].at, r, err.text);
        CHECK(r == rows[i].want);
        image_free(image);
    }
}

/* XML. */

#define IMAGE_XML(index, name, more)                                                               \
    "<IMAGE INDEX=\"" index "\"><NAME>" name "</NAME>" more "</IMAGE>"
#define EDITION(id) "<WINDOWS><EDITIONID>" id "</EDITIONID></WINDOWS>"

static int parse(const char *xml, size_t n, struct arena *a, const struct image_info **ret,
                 struct wtg_err *err)
{
    struct bytes b = { 0 };
    struct image_info *info = NULL;

    bytes_add_utf16(&b, xml);
    int r = wim_xml_parse((struct wtg_span){ b.p, b.n }, n, a, &info, err);
    *ret = info;
    free(b.p);
    return r;
}

static void all_of_the_xml(void)
{
    static const char xml[] =
        "<WIM><TOTALBYTES>77</TOTALBYTES><IMAGE INDEX=\"1\"><DIRCOUNT>11</DIRCOUNT>"
        "<FILECOUNT>22</FILECOUNT><TOTALBYTES>9999999999</TOTALBYTES>"
        "<HARDLINKBYTES>44</HARDLINKBYTES>"
        "<CREATIONTIME><HIGHPART>0x01D5ACBD</HIGHPART><LOWPART>0xC0D24FC2</LOWPART></CREATIONTIME>"
        "<LASTMODIFICATIONTIME><HIGHPART>0x01D5ACC1</HIGHPART><LOWPART>0x7</LOWPART>"
        "</LASTMODIFICATIONTIME><WINDOWS><ARCH>9</ARCH><PRODUCTNAME>P &amp; Q</PRODUCTNAME>"
        "<EDITIONID>Professional</EDITIONID><INSTALLATIONTYPE>Client</INSTALLATIONTYPE>"
        "<PRODUCTTYPE>WinNT</PRODUCTTYPE><LANGUAGES><LANGUAGE>en-US</LANGUAGE>"
        "<LANGUAGE>de-DE</LANGUAGE><DEFAULT>en-US</DEFAULT></LANGUAGES><VERSION><MAJOR>10</MAJOR>"
        "<MINOR>0</MINOR><BUILD>22621</BUILD><SPBUILD>525</SPBUILD></VERSION></WINDOWS>"
        "<NAME>N</NAME><DESCRIPTION>D</DESCRIPTION><FLAGS>F</FLAGS>"
        "<DISPLAYNAME>DN</DISPLAYNAME><DISPLAYDESCRIPTION>DD</DISPLAYDESCRIPTION></IMAGE></WIM>";
    struct arena a = { 0 };
    struct wtg_err err = { 0 };
    const struct image_info *i = NULL;

    OK(parse(xml, 1, &a, &i, &err), err);
    CHECK(i->index == 1 && i->arch == IMAGE_ARCH_X64 && i->major == 10 && i->minor == 0);
    CHECK(i->build == 22621 && i->spbuild == 525 && i->dir_count == 11 && i->file_count == 22);
    CHECK(i->total_bytes == 9999999999u && i->hard_link_bytes == 44);
    CHECK(i->created == 0x01D5ACBDC0D24FC2u && i->modified == 0x01D5ACC100000007u);
    CHECK(strcmp(i->product_name, "P & Q") == 0 && strcmp(i->edition_id, "Professional") == 0);
    CHECK(strcmp(i->installation_type, "Client") == 0 && strcmp(i->product_type, "WinNT") == 0);
    CHECK(strcmp(i->languages, "en-US de-DE") == 0 && strcmp(i->default_language, "en-US") == 0);
    CHECK(strcmp(i->name, "N") == 0 && strcmp(i->description, "D") == 0);
    CHECK(strcmp(i->flags, "F") == 0 && strcmp(i->display_name, "DN") == 0);
    CHECK(strcmp(i->display_description, "DD") == 0);
    CHECK(strcmp(image_arch_name(i->arch), "x64") == 0);
    arena_release(&a);
}

static void odd_xml(void)
{
    /* clang-format off */
    static const struct { const char *xml; size_t n; int want; } rows[] = {
        { "<WIM>" IMAGE_XML("1", "", "") "</WIM>",  1, 0 },
        { "<WIM><IMAGE INDEX=\"1\"/></WIM>",        1, 0 },
        { "<WIM/>",                                 0, 0 },
        { "<WIM/>",                                 1, WTG_E_IMAGE_DAMAGED },
        { "<WIM><IMAGE INDEX=\"2\"/></WIM>",        1, WTG_E_IMAGE_DAMAGED },
        { "<WIM><IMAGE INDEX=\"0\"/></WIM>",        1, WTG_E_IMAGE_DAMAGED },
        { "<WIM><IMAGE/></WIM>",                    1, WTG_E_IMAGE_DAMAGED },
        { "<WIM><IMAGE INDEX=\"1\"/><IMAGE INDEX=\"1\"/></WIM>", 2, WTG_E_IMAGE_DAMAGED },
        { "<VIM><IMAGE INDEX=\"1\"/></VIM>",        1, WTG_E_IMAGE_DAMAGED },
        { "<WIM><IMAGE INDEX=\"1\"></WIM>",         1, WTG_E_IMAGE_DAMAGED },
        { "",                                       1, WTG_E_IMAGE_DAMAGED },
        { "<WIM><ESD><ENCRYPTED><KEY/></ENCRYPTED></ESD><IMAGE INDEX=\"1\"/></WIM>", 1, WTG_E_UNSUPPORTED },
        { "<!DOCTYPE d [<!ENTITY a \"aaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]><WIM>"
          "<IMAGE INDEX=\"1\"><NAME>&b;</NAME></IMAGE></WIM>", 1, 0 },
    };
    /* clang-format on */
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena a = { 0 };
        struct wtg_err err = { 0 };
        const struct image_info *info = NULL;
        int r = parse(rows[i].xml, rows[i].n, &a, &info, &err);
        if (r != rows[i].want)
            printf("# %s: %d %s\n", rows[i].xml, r, err.text);
        CHECK(r == rows[i].want);
        if (r == 0 && rows[i].n > 0)
            CHECK(info->arch == IMAGE_ARCH_UNKNOWN && info->name && info->languages[0] == '\0');
        arena_release(&a);
    }
}

/* A file of several images that all have the same, empty tree. */
static struct image *several(const char *xml, uint32_t n, struct blk **b, struct bytes *file)
{
    struct made_metadata m = made_everything();
    struct made_wim w;
    struct image *image = NULL;
    struct wtg_err err = { 0 };

    made_begin(&w);
    for (uint32_t i = 0; i < n; i++)
        made_content(&w, m.m.p, m.m.n, WIM_RES_METADATA);
    made_finish(&w, xml, n);
    free(m.m.p);
    *file = w.file;
    if (blk_mem_wrap(file->p, file->n, b, &err) < 0 || image_open_blk(*b, NULL, &image, &err) < 0)
        printf("# %s\n", err.text);
    return image;
}

static void which_image_is_meant(void)
{
    static const char xml[] = "<WIM>" IMAGE_XML("1", "Windows 11 Home", EDITION("Core"))
        IMAGE_XML("2", "Windows 11 Pro", EDITION("Professional") "<DISPLAYNAME>Pro!</DISPLAYNAME>")
            IMAGE_XML("3", "Windows 11 Pro N", EDITION("ProfessionalN") "<FLAGS>Core</FLAGS>")
                IMAGE_XML("4", "Twin", EDITION("Twin"))
                    IMAGE_XML("5", "Core", EDITION("Twin")) "</WIM>";
    /* clang-format off */
    static const struct { uint32_t index; const char *edition; uint32_t want; int r; } rows[] = {
        { 0, NULL,              0, WTG_E_IMAGE_CHOICE },
        { 1, NULL,              1, 0 },
        { 5, NULL,              5, 0 },
        { 6, NULL,              0, WTG_E_IMAGE_INDEX },
        { UINT32_MAX, NULL,     0, WTG_E_IMAGE_INDEX },
        { 0, "3",               3, 0 },
        { 0, "0",               0, WTG_E_IMAGE_INDEX },
        { 0, "99999999999999999999", 0, WTG_E_IMAGE_INDEX },
        { 0, "core",            1, 0 }, /* an edition id comes before flags and names */
        { 0, "PROFESSIONAL",    2, 0 },
        { 0, "windows 11 PRO N", 3, 0 },
        { 0, "pro!",            2, 0 },
        { 0, "Twin",            0, WTG_E_IMAGE_CHOICE },
        { 0, "Enterprise",      0, WTG_E_IMAGE_INDEX },
        { 0, "",                0, WTG_E_IMAGE_INDEX },
    };
    /* clang-format on */
    struct blk *b = NULL;
    struct bytes file;
    struct image *image = several(xml, 5, &b, &file);
    REQUIRE(image);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct wtg_err err = { 0 };
        uint32_t got = 0;
        int r = image_select(image, rows[i].index, rows[i].edition, &got, &err);
        CHECK(r == rows[i].r && got == rows[i].want);
        CHECK(r == 0 || (strstr(err.hint, "2 'Pro!' (Professional)") && wtg_code_exit(r) == 2));
    }
    image_free(image);
    blk_free(b);
    free(file.p);
}

static void one_image_needs_no_choice(void)
{
    struct blk *b = NULL;
    struct bytes file;
    struct wtg_err err = { 0 };
    uint32_t got = 0;
    struct image *image = several(MADE_XML, 1, &b, &file);
    REQUIRE(image);
    CHECK(image_select(image, 0, NULL, &got, &err) == 0 && got == 1);
    image_free(image);
    blk_free(b);
    free(file.p);
    image = several("<WIM></WIM>", 0, &b, &file);
    REQUIRE(image);
    CHECK(image_select(image, 0, NULL, &got, &err) == WTG_E_IMAGE_INDEX);
    image_free(image);
    blk_free(b);
    free(file.p);
}

/* Fifty images with long names: the hint says as many as fit and that there are more. */
static void a_long_list(void)
{
    char xml[20000] = "<WIM>";
    struct blk *b = NULL;
    struct bytes file;
    struct wtg_err err = { 0 };
    uint32_t got = 0;

    size_t n = strlen(xml);
    for (int i = 1; i <= 50; i++)
        n += (size_t)snprintf(xml + n, sizeof xml - n,
                              "<IMAGE INDEX=\"%d\"><NAME>%0100d</NAME></IMAGE>", i, i);
    snprintf(xml + n, sizeof xml - n, "</WIM>");
    struct image *image = several(xml, 50, &b, &file);
    REQUIRE(image);
    CHECK(image_select(image, 0, NULL, &got, &err) == WTG_E_IMAGE_CHOICE);
    CHECK(strstr(err.hint, ", ..."));
    image_free(image);
    blk_free(b);
    free(file.p);
}

static const struct test tests[] = {
    TEST(finds_the_wim_in_discs),
    TEST(tells_of_a_second_one),
    TEST(discs_that_do_not_do),
    TEST(cut_discs_are_not_complete),
    TEST(a_file_in_two_extents),
    TEST(split_images),
    TEST(integrity_tables),
    TEST(all_of_the_xml),
    TEST(odd_xml),
    TEST(which_image_is_meant),
    TEST(one_image_needs_no_choice),
    TEST(a_long_list),
};
TEST_MAIN(tests)
