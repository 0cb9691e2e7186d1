/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fills an empty NTFS volume in an image file with everything that is hard to carry over.
 *
 *     mkntfs -F -Q IMAGE && hard-image IMAGE
 *
 * Made with libntfs-3g alone and none of wtg's own code, so that the round trip
 * (tests/cases/20-roundtrip.sh) has a witness of its own. */

#include <errno.h>
#include <locale.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#include <ntfs-3g/volume.h>
#include <ntfs-3g/attrib.h>
#include <ntfs-3g/dir.h>
#include <ntfs-3g/inode.h>
#include <ntfs-3g/object_id.h>
#include <ntfs-3g/reparse.h>
#include <ntfs-3g/security.h>
#include <ntfs-3g/unistr.h>
#pragma GCC diagnostic pop

enum {
    MANY_NAMES = 10000,
    LINKS = 200,
    DESCRIPTORS = 60,
    DEPTH = 60, /* paths longer than the 260 of old programs */
    ATTR_READONLY = 0x1,
    ATTR_HIDDEN = 0x2,
    ATTR_SYSTEM = 0x4,
    ATTR_ARCHIVE = 0x20,
    ATTR_TEMPORARY = 0x100,
    ATTR_OFFLINE = 0x1000,
    ATTR_NOT_INDEXED = 0x2000,
};

static void must(bool fine, const char *what, const char *name)
{
    if (fine)
        return;
    fprintf(stderr, "hard-image: %s '%s': %s\n", what, name, strerror(errno));
    exit(1);
}

struct utf16 {
    ntfschar *units;
    int n;
};

static struct utf16 utf16(const char *name)
{
    struct utf16 u = { NULL, 0 };
    u.n = ntfs_mbstoucs(name, &u.units);
    must(u.n >= 0, "name", name);
    return u;
}

static ntfs_inode *make(ntfs_inode *dir, const char *name, mode_t kind)
{
    struct utf16 u = utf16(name);
    ntfs_inode *ni = ntfs_create(dir, 0, u.units, (u8)u.n, kind);
    must(ni != NULL, "creating", name);
    free(u.units);
    return ni;
}

static void done(ntfs_inode *ni, ntfs_inode *dir)
{
    must(ntfs_inode_close_in_dir(ni, dir) == 0, "closing", "inode");
}

/* Bytes that do not compress to nothing and are the same every time. */
static void fill(uint8_t *buf, size_t n, uint32_t seed)
{
    uint32_t x = seed * 2654435761u + 1;
    for (size_t i = 0; i < n; i++) {
        x = x * 1664525u + 1013904223u;
        buf[i] = (uint8_t)(i % 3 ? x >> 24 : 'a' + seed % 26);
    }
}

static void put_at(ntfs_inode *ni, const char *stream, uint64_t at, size_t n, uint32_t seed)
{
    struct utf16 u = { AT_UNNAMED, 0 };
    if (stream) {
        u = utf16(stream);
        must(ntfs_attr_add(ni, AT_DATA, u.units, (u8)u.n, NULL, 0) == 0, "adding stream", stream);
    }
    ntfs_attr *na = ntfs_attr_open(ni, AT_DATA, u.units, (u32)u.n);
    must(na != NULL, "opening data", stream ? stream : "");
    uint8_t *buf = malloc(n + 1);
    must(buf != NULL, "allocating", "data");
    fill(buf, n, seed);
    must(n == 0 || ntfs_attr_pwrite(na, (s64)at, (s64)n, buf) == (s64)n, "writing", "data");
    ntfs_attr_close(na);
    free(buf);
    if (stream)
        free(u.units);
}

static void put(ntfs_inode *ni, size_t n, uint32_t seed)
{
    put_at(ni, NULL, 0, n, seed);
}

static void file(ntfs_inode *dir, const char *name, size_t n, uint32_t seed)
{
    ntfs_inode *ni = make(dir, name, S_IFREG);
    put(ni, n, seed);
    done(ni, dir);
}

static void many_names(ntfs_inode *dir)
{
    char name[40];
    for (uint32_t i = 0; i < MANY_NAMES; i++) {
        /* not in collation order, and of three lengths */
        snprintf(name, sizeof name, "%s %05u%s", i % 2 ? "File" : "entry", i * 7919 % MANY_NAMES,
                 i % 3 ? ".txt" : ", the third kind.dat");
        file(dir, name, i % 4 ? i % 100 : 0, i % 500);
    }
}

static void hard_names(ntfs_inode *dir)
{
    static const char *const plain[] = {
        "readme.txt",
        "README.TXT",
        "ReadMe.txt", /* differ only in case */
        "\xc3\xa4\xc3\xb6\xc3\xbc",
        "\xc3\x84\xc3\x96\xc3\x9c",
        "stra\303\237e", /* octal: an 'e' would go on with a hexadecimal number */
        "\xc3\xbf",
        "\xe4\xb8\xad\xe6\x96\x87 Windows \xe7\xb3\xbb\xe7\xbb\x9f.txt",
        "\xf0\x9d\x84\x9e clef",
        "\xf0\x9f\x92\xbe\xf0\x9f\xaa\x9f.img", /* beyond the BMP */
        "\xef\xbf\xbd",
        "\xee\x80\x80 private use", /* sort after surrogates by code unit only */
        " leading space",
        ".dot",
        "trailing dot.",
        "con",
        "star*and?.txt",
        "~",
        "!",
        "_",
        "a",
        "A0",
    };
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        file(dir, plain[i], 10 * i, (uint32_t)i);
    static const char *const unit[] = { "x", "\xe9\x95\xbf", "\xf0\x9d\x84\x9e" };
    for (size_t i = 0; i < 3; i++) {
        char longest[255 * 4 + 1];
        size_t len = 0;
        for (size_t n = 0; n < (i == 2 ? 127 : 254); n++)
            len += (size_t)snprintf(longest + len, sizeof longest - len, "%s", unit[i]);
        snprintf(longest + len, sizeof longest - len, "z");
        file(dir, longest, 2000 * i, (uint32_t)i);
    }
}

static void links(ntfs_inode *dir)
{
    ntfs_inode *sub = make(dir, "elsewhere", S_IFDIR), *ni = make(dir, "original", S_IFREG);
    uint64_t sub_no = sub->mft_no, no = ni->mft_no;
    put(ni, 12345, 77);
    done(sub, dir);
    done(ni, dir);
    /* One at a time and closed again: closing looks up every name of the file on the volume. */
    for (int i = 1; i < LINKS; i++) {
        char name[60];
        snprintf(name, sizeof name, "link number %03d with a name of some length", i);
        struct utf16 u = utf16(name);
        ntfs_inode *to = i % 2 ? dir : ntfs_inode_open(dir->vol, sub_no);
        ni = ntfs_inode_open(dir->vol, no);
        must(to && ni && ntfs_link(ni, to, u.units, (u8)u.n) == 0, "linking", name);
        must(ntfs_inode_sync(dir) == 0, "syncing", "links");
        done(ni, to);
        if (to != dir)
            done(to, dir);
        free(u.units);
    }
}

static size_t put32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> 8 * i);
    return 4;
}

/* S-1-5-... of up to four sub-authorities. */
static size_t put_sid(uint8_t *p, uint8_t authority, unsigned n, ...)
{
    va_list ap;
    va_start(ap, n);
    memcpy(p, (uint8_t[]){ 1, (uint8_t)n, 0, 0, 0, 0, 0, authority }, 8);
    for (unsigned i = 0; i < n; i++)
        put32(p + 8 + 4 * i, va_arg(ap, uint32_t));
    va_end(ap);
    return 8 + 4 * n;
}

static size_t put_ace(uint8_t *p, uint8_t type, uint8_t flags, uint32_t mask, uint32_t rid)
{
    size_t sid = put_sid(p + 8, type == 0x11 ? 16 : 5, type == 0x11 ? 1u : 2u,
                         type == 0x11 ? rid : 32u, rid);
    memcpy(p, (uint8_t[]){ type, flags, (uint8_t)(8 + sid), 0 }, 4);
    put32(p + 4, mask);
    return 8 + sid;
}

static size_t put_acl(uint8_t *p, uint32_t which, unsigned aces, bool system)
{
    size_t n = 8;
    for (unsigned i = 0; i < aces; i++)
        n += system ? put_ace(p + n, 0x11, 0, 1, 0x2000)
                    : put_ace(p + n, 0, (uint8_t)(i % 4), 0x1200a9 + which, 544 + i);
    memcpy(p, (uint8_t[]){ 2, 0, (uint8_t)n, (uint8_t)(n >> 8), (uint8_t)aces, 0, 0, 0 }, 8);
    return n;
}

/* Self-relative descriptor number `which`: all differ; some have a label, some are over 1 KiB. */
static size_t descriptor(uint8_t *p, uint32_t which)
{
    bool label = which % 5 == 0;
    size_t n = 20;
    memset(p, 0, n);
    p[0] = 1;
    p[2] = label ? 0x14 : 0x04;
    p[3] = which % 2 ? 0x80 : 0x94; /* self-relative; protected, auto-inherited */
    if (label) {
        put32(p + 12, (uint32_t)n);
        n += put_acl(p + n, which, 1, true);
    }
    put32(p + 16, (uint32_t)n);
    n += put_acl(p + n, which, which % 7 == 6 ? 50 : 1 + which % 4, false);
    put32(p + 4, (uint32_t)n);
    n += put_sid(p + n, 5, 4, 21u, 1000u + which, 2000u, 500u);
    put32(p + 8, (uint32_t)n);
    n += put_sid(p + n, 5, 1, 18u);
    return n;
}

static void descriptors(ntfs_inode *dir)
{
    struct SECURITY_CONTEXT sc = { .vol = dir->vol };
    uint8_t sd[4096];
    for (uint32_t i = 0; i < DESCRIPTORS * 2; i++) { /* each used twice, by a directory too */
        char name[40];
        snprintf(name, sizeof name, "guarded %u%s", i % DESCRIPTORS, i < DESCRIPTORS ? "" : " too");
        ntfs_inode *ni = make(dir, name, i % 9 == 0 ? S_IFDIR : S_IFREG);
        size_t n = descriptor(sd, i % DESCRIPTORS);
        must(ntfs_set_ntfs_acl(&sc, ni, (const char *)sd, n, 0) == 0, "descriptor of", name);
        done(ni, dir);
    }
}

static void streams(ntfs_inode *dir)
{
    static const struct {
        const char *file, *stream;
        mode_t kind;
        size_t data, stream_bytes;
    } one[] = {
        { "empty file, small stream", "Zone.Identifier", S_IFREG, 0, 26 },
        { "small file, small stream", "Zone.Identifier", S_IFREG, 100, 50 },
        { "large file, large stream", "big", S_IFREG, 70000, 100000 },
        { "small file, large stream", "\xe6\xb5\x81", S_IFREG, 11, 5000 },
        { "large file, empty stream", "nothing", S_IFREG, 70000, 0 },
        { "directory with a stream", "about", S_IFDIR, 0, 300 },
    };
    for (uint32_t i = 0; i < sizeof one / sizeof *one; i++) {
        ntfs_inode *ni = make(dir, one[i].file, one[i].kind);
        if (one[i].kind == S_IFREG)
            put(ni, one[i].data, 100 + i);
        put_at(ni, one[i].stream, 0, one[i].stream_bytes, 200 + i);
        done(ni, dir);
    }
    ntfs_inode *ni = make(dir, "forty streams", S_IFREG);
    for (uint32_t i = 0; i < 40; i++) {
        char name[60];
        snprintf(name, sizeof name, "stream %02u whose name is rather long", i * 13 % 40);
        put_at(ni, name, 0, i * 137, 300 + i);
    }
    done(ni, dir);
}

/* A symbolic link or junction: names are UTF-16, print name after substitute name. */
static void link_point(ntfs_inode *dir, const char *name, mode_t kind, uint32_t tag,
                       const char *target, const char *print, uint32_t flags)
{
    uint8_t b[1024] = { 0 };
    struct utf16 t = utf16(target), p = utf16(print);
    size_t head = tag == 0xa000000c ? 20 : 16, tn = 2 * (size_t)t.n, pn = 2 * (size_t)p.n;
    size_t gap = tag == 0xa000000c ? 0 : 2; /* junctions end both names with a NUL */
    size_t n = head + tn + gap + pn + gap;
    put32(b, tag);
    b[4] = (uint8_t)(n - 8);
    b[5] = (uint8_t)((n - 8) >> 8);
    b[10] = (uint8_t)tn;
    b[12] = (uint8_t)(tn + gap);
    b[14] = (uint8_t)pn;
    if (head == 20)
        put32(b + 16, flags);
    memcpy(b + head, t.units, tn);
    memcpy(b + head + tn + gap, p.units, pn);
    ntfs_inode *ni = make(dir, name, kind);
    must(ntfs_set_ntfs_reparse_data(ni, (const char *)b, n, 0) == 0, "reparse data of", name);
    done(ni, dir);
    free(t.units);
    free(p.units);
}

static void reparse_points(ntfs_inode *dir)
{
    const uint32_t symlink = 0xa000000c, junction = 0xa0000003;
    link_point(dir, "to a file", S_IFREG, symlink, "..\\links\\original", "..\\links\\original", 1);
    link_point(dir, "to a directory", S_IFDIR, symlink, "..\\names", "..\\names", 1);
    link_point(dir, "absolute", S_IFREG, symlink, "\\??\\C:\\links\\original",
               "C:\\links\\original", 0);
    link_point(dir, "Junction", S_IFDIR, junction, "\\??\\C:\\names", "C:\\names", 0);
    link_point(dir, "Documents and Settings", S_IFDIR, junction, "\\??\\C:\\Users", "C:\\Users", 0);
    /* IO_REPARSE_TAG_APPEXECLINK: Microsoft's, with data that nobody here can read */
    uint8_t b[8 + 500];
    fill(b, sizeof b, 9);
    put32(b, 0x8000001b);
    put32(b + 4, 500);
    ntfs_inode *ni = make(dir, "app execution alias.exe", S_IFREG);
    must(ntfs_set_ntfs_reparse_data(ni, (const char *)b, sizeof b, 0) == 0, "reparse data",
         "alias");
    done(ni, dir);
}

static void dos_names(ntfs_volume *vol, uint64_t dir_no)
{
    static const struct {
        const char *name, *dos;
        mode_t kind;
    } row[] = {
        { "Program Files", "PROGRA~1", S_IFDIR },
        { "Program Files (x86)", "PROGRA~2", S_IFDIR },
        { "A Long Name.extension", "ALONGN~1.EXT", S_IFREG },
        { "lower.txt", "LOWER.TXT", S_IFREG },
        { "\xe4\xb8\xad\xe6\x96\x87.txt", "4E2D~1.TXT", S_IFREG },
    };
    for (uint32_t i = 0; i < sizeof row / sizeof *row; i++) {
        ntfs_inode *dir = ntfs_inode_open(vol, dir_no);
        must(dir != NULL, "opening", "dos");
        ntfs_inode *ni = make(dir, row[i].name, row[i].kind);
        if (row[i].kind == S_IFREG)
            put(ni, 100, i);
        /* closes both */
        must(ntfs_set_ntfs_dos_name(ni, dir, row[i].dos, strlen(row[i].dos), 0) == 0, "DOS name",
             row[i].dos);
    }
}

static void times(ntfs_inode *dir)
{
    static const struct {
        const char *name;
        uint64_t created, written, read; /* 100 ns since 1601 */
    } row[] = {
        { "first tick", 1, 2, 3 },
        { "before 1970", 110000000000000001u, 110000000000000002u, 110000000000000003u },
        { "2021, to the tick", 132539328001234567u, 132539328007654321u, 132539328000000009u },
        { "year 2120", 163777248000000000u, 163777248000000001u, 163777248000000002u },
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        ntfs_inode *ni = make(dir, row[i].name, i == 1 ? S_IFDIR : S_IFREG);
        uint64_t t[3] = { row[i].created, row[i].written, row[i].read };
        must(ntfs_inode_set_times(ni, (const char *)t, sizeof t, 0) == 0, "times of", row[i].name);
        done(ni, dir);
    }
}

static void attributes(ntfs_inode *dir)
{
    static const uint32_t value[] = {
        0,
        ATTR_READONLY,
        ATTR_HIDDEN,
        ATTR_SYSTEM,
        ATTR_ARCHIVE,
        ATTR_TEMPORARY,
        ATTR_OFFLINE,
        ATTR_NOT_INDEXED,
        ATTR_READONLY | ATTR_HIDDEN | ATTR_SYSTEM | ATTR_ARCHIVE,
        ATTR_NOT_INDEXED | ATTR_HIDDEN,
    };
    size_t kinds = sizeof value / sizeof *value;
    for (size_t i = 0; i < 2 * kinds; i++) {
        char name[40];
        snprintf(name, sizeof name, "%s %04x", i < kinds ? "file" : "dir", value[i % kinds]);
        ntfs_inode *ni = make(dir, name, i < kinds ? S_IFREG : S_IFDIR);
        must(ntfs_set_ntfs_attrib(ni, (const char *)&value[i % kinds], 4, 0) == 0, "attributes of",
             name);
        done(ni, dir);
    }
}

static void sizes(ntfs_inode *dir)
{
    static const size_t row[] = { 0,     1,     4095,  4096,    4097,   32767,
                                  32768, 32769, 65536, 1048577, 5000001 };
    char name[60];
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        snprintf(name, sizeof name, "%zu bytes", row[i]);
        file(dir, name, row[i], (uint32_t)i);
    }
    for (size_t n = 560; n <= 1000; n += 3) { /* resident, just not resident */
        snprintf(name, sizeof name, "near %zu", n);
        file(dir, name, n, (uint32_t)n);
    }
    for (int i = 0; i < 30; i++) { /* one blob, thirty files */
        snprintf(name, sizeof name, "twin %d", i);
        file(dir, name, 40000, 4242);
    }
}

static void sparse(ntfs_inode *dir)
{
    ntfs_inode *ni = make(dir, "four and a half GiB", S_IFREG);
    put_at(ni, NULL, UINT64_C(4500) << 20, 100, 5);
    ntfs_attr *na = ntfs_attr_open(ni, AT_DATA, AT_UNNAMED, 0);
    must(na != NULL, "opening", "sparse");
    must(ntfs_attr_pwrite(na, INT64_C(3) << 30, 5, "hello") == 5, "writing", "sparse");
    ntfs_attr_close(na);
    done(ni, dir);
    ni = make(dir, "only a hole", S_IFREG);
    na = ntfs_attr_open(ni, AT_DATA, AT_UNNAMED, 0);
    must(na && ntfs_attr_truncate(na, 100 << 20) == 0, "truncating", "hole");
    ntfs_attr_close(na);
    done(ni, dir);
}

static void object_ids(ntfs_inode *dir)
{
    for (uint32_t i = 0; i < 5; i++) {
        char name[40];
        uint8_t id[64];
        snprintf(name, sizeof name, "known %u", i);
        fill(id, sizeof id, 900 + i);
        id[0] = (uint8_t)i;
        ntfs_inode *ni = make(dir, name, i ? S_IFREG : S_IFDIR);
        must(ntfs_set_ntfs_object_id(ni, (const char *)id, i % 2 ? 16 : 64, 0) == 0, "id of", name);
        done(ni, dir);
    }
}

static void deep(ntfs_inode *dir)
{
    ntfs_inode *at[DEPTH + 1] = { dir };
    for (int i = 0; i < DEPTH; i++) {
        char name[40];
        snprintf(name, sizeof name, "level %d of the deep tree", i);
        at[i + 1] = make(at[i], name, S_IFDIR);
    }
    file(at[DEPTH], "bottom.txt", 33, 33);
    for (int i = DEPTH; i > 0; i--)
        done(at[i], at[i - 1]);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*fill)(ntfs_inode *dir);
    } part[] = {
        { "many", many_names }, { "names", hard_names },
        { "links", links },     { "guarded", descriptors },
        { "streams", streams }, { "reparse", reparse_points },
        { "times", times },     { "attributes", attributes },
        { "sizes", sizes },     { "sparse", sparse },
        { "ids", object_ids },  { "deep", deep },
        { "empty", NULL },      { "dos", NULL },
    };
    if (argc != 2 || !setlocale(LC_ALL, "C.UTF-8") || ntfs_set_char_encoding("UTF-8") != 0) {
        fprintf(stderr, "usage: hard-image IMAGE-WITH-AN-EMPTY-NTFS\n");
        return 2;
    }
    ntfs_volume *vol = ntfs_mount(argv[1], 0);
    must(vol != NULL, "mounting", argv[1]);
    uint64_t dos = 0;
    ntfs_inode *root = ntfs_inode_open(vol, FILE_root);
    must(root != NULL, "opening", "the root");
    for (size_t i = 0; i < sizeof part / sizeof *part; i++) {
        ntfs_inode *dir = make(root, part[i].name, S_IFDIR);
        if (part[i].fill)
            part[i].fill(dir);
        dos = dir->mft_no;
        done(dir, root);
    }
    must(ntfs_inode_close(root) == 0, "closing", "the root");
    dos_names(vol, dos);
    must(ntfs_umount(vol, FALSE) == 0, "unmounting", argv[1]);
    return 0;
}
