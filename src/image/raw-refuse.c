/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/raw-priv.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "image/iso.h"
#include "image/udf.h"

/* Files that are no raw image, by their first bytes: written as they are they would only spoil a
 * stick. */
/* clang-format off */
static const char unpack[] = "unpack it and give the image that is in it";
static const char convert[] = "make a raw image of it first: qemu-img convert -O raw FILE disk.img";
static const char create[] = "'wtg create' makes a stick of it that runs Windows";
static const char again[] = "download it again and look at its size";
static const struct {
    size_t off, n;
    const char *magic, *what, *hint;
} no_images[] = {
    { 0,      8, "MSWIM\0\0\0",              "a Windows image (WIM or ESD)", create },
    { 257,    5, "ustar",                    "a tar archive",                unpack },
    { 0,      6, "7z\xbc\xaf\x27\x1c",       "a 7z archive",                 unpack },
    { 0,      6, "Rar!\x1a\x07",             "a RAR archive",                unpack },
    { 0,      4, "MSCF",                     "a cabinet",                    unpack },
    { 0,      3, "\x1f\x8b\x08",             "a gzip file in another packed file", unpack },
    { 0,      6, "\xfd" "7zXZ\0",            "an xz file in another packed file", unpack },
    { 0,      4, "PK\3\4",                   "a zip in another packed file", unpack },
    { 0,      4, "PK\5\6",                   "an empty zip",                 unpack },
    { 0,      4, "LZIP",                     "an lzip file",                 unpack },
    { 0,      4, "\x04\x22\x4d\x18",         "an lz4 file",                  unpack },
    { 0,      4, "QFI\xfb",                  "a virtual disk (QCOW2)",       convert },
    { 0,      8, "vhdxfile",                 "a virtual disk (VHDX)",        convert },
    { 0,      8, "conectix",                 "a virtual disk (VHD)",         convert },
    { 0,      4, "KDMV",                     "a virtual disk (VMDK)",        convert },
    { 0,     21, "# Disk DescriptorFile",    "a virtual disk (VMDK)",        convert },
    { 0x40,   4, "\x7f\x10\xda\xbe",         "a virtual disk (VDI)",         convert },
    { 0,      4, "\x3a\xff\x26\xed",         "an Android sparse image",
      "make a raw image of it first: simg2img FILE disk.img" },
    { 0,      5, "<!DOC",                    "a web page",                   again },
    { 0,      5, "<!doc",                    "a web page",                   again },
    { 0,      5, "<html",                    "a web page",                   again },
    { 0,      5, "<?xml",                    "an XML file",                  again },
    { 0,      4, "%PDF",                     "a PDF file",                   again },
};
/* clang-format on */

static bool at(struct wtg_span head, size_t off, const char *magic, size_t n)
{
    const uint8_t *p = span_at(head, off, n);
    return p && memcmp(p, magic, n) == 0;
}

/* An MBR with a partition in it, or a GPT. */
static bool has_table(struct wtg_span head)
{
    bool parts = false;

    for (size_t i = 0; i < 4; i++) {
        const uint8_t *type = span_at(head, 446 + 16 * i + 4, 1);
        parts |= type && *type;
    }
    return (parts && at(head, 510, "\x55\xaa", 2)) || at(head, 512, "EFI PART", 8);
}

int raw_refuse(struct wtg_span head, struct raw_info *info, struct wtg_err *err)
{
    bool disc = at(head, 32769, "CD001", 5) || at(head, 32769, "BEA01", 5);

    for (size_t i = 0; i < ARRAY_LEN(no_images) && !disc; i++) {
        if (!at(head, no_images[i].off, no_images[i].magic, no_images[i].n))
            continue;
        wtg_fail(err, WTG_E_IMAGE_FORMAT, "this is no disk image, but %s", no_images[i].what);
        return wtg_hint(err, "%s", no_images[i].hint);
    }
    info->is_iso = disc;
    info->boots_disk = has_table(head);
    return 0;
}

static bool find(struct iso *iso, struct udf *udf, const char *path)
{
    struct wtg_err ignored = { 0 }; /* a disc that we cannot read is not known as Windows */
    struct blk *b = NULL;
    AUTO_FREE char *written = NULL;
    bool found = (udf && udf_find(udf, path, &b, &written, &ignored) == 0) ||
                 (iso->present && iso_find(iso, path, &b, &written, &ignored) == 0);

    blk_free(b);
    return found;
}

int raw_refuse_windows(struct blk *b, const struct raw_info *info, struct wtg_err *err)
{
    static const char *const names[] = { "sources/boot.wim",        "sources/install.wim",
                                         "sources/install.esd",     "sources/install.swm",
                                         "x64/sources/install.esd", "x64/sources/install.wim" };
    struct iso iso = { 0 };
    struct udf *udf = NULL;
    const char *found = NULL;

    if (!info->is_iso || info->boots_disk)
        return 0;
    int r = iso_open(b, &iso, err); /* tells an ISO that is not complete */
    if (r < 0)
        return r;
    struct wtg_err ignored = { 0 };
    if (iso.udf && udf_open(b, &udf, &ignored) < 0)
        udf = NULL;
    for (size_t i = 0; i < ARRAY_LEN(names) && !found; i++)
        found = find(&iso, udf, names[i]) ? names[i] : NULL;
    udf_free(udf);
    if (!found)
        return 0;
    wtg_fail(err, WTG_E_IMAGE_FORMAT,
             "this is a Windows setup disc ('%s' is on it) without a partition table: no computer "
             "boots from a stick it is copied to",
             found);
    return wtg_hint(err, "use 'wtg create', which makes a stick that runs this Windows");
}
