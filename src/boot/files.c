/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "boot/files.h"

#include <string.h>

#include "base/utf16.h"
#include "sign/pe.h"
#include "tree/names.h"

#define BOOT_MANAGER "\\Windows\\Boot\\EFI\\bootmgfw.efi"

/* clang-format off */
static const struct boot_arch archs[] = {
    { PE_X64,   "amd64", "bootx64.efi" },
    { PE_ARM64, "arm64", "bootaa64.efi" },
    { PE_X86,   "x86",   "bootia32.efi" },
};

/* What makes an image a Windows that can be booted. */
static const struct {
    const char *path;
    const char *what;
} needed[] = {
    { "\\Windows\\System32\\config\\SYSTEM", "the registry it starts with" },
    { "\\Windows\\System32\\winload.efi",    "its loader" },
    { BOOT_MANAGER,                          "its boot manager" },
};

/* Source: docs/formats/bcd.md, from real system partitions. */
static const struct {
    const char *from, *to;
} copies[] = {
    { "\\Windows\\Boot\\EFI",       "EFI\\Microsoft\\Boot" },
    { "\\Windows\\Boot\\Fonts",     "EFI\\Microsoft\\Boot\\Fonts" },
    { "\\Windows\\Boot\\Resources", "EFI\\Microsoft\\Boot\\Resources" },
};

static const char *const left_out[] = {
    "SkuSiPolicy.p7b", /* locks every computer that boots it to newer boot managers (KB5042562) */
    "BCD",             /* ours is written */
};
/* clang-format on */

/* Languages are one level down; nothing of Windows is deeper than two. */
enum { MAX_DEPTH = 8 };

/* A file with content: no directory, and nothing that only a filter driver could read. */
static int check_file(const struct tree_link *l, struct wtg_err *err)
{
    char path[512];
    const struct tree_node *n = l->node;
    tree_path(l, path, sizeof path);
    bool compact = n->nstreams > 0 && n->stream[0].hole; /* a filter will read it; we have its content */
    if ((n->attributes & ATTR_ENCRYPTED) || ((n->attributes & ATTR_REPARSE) && !compact))
        return wtg_fail(
            err, WTG_E_NOT_WINDOWS, "'%s' is %s, a boot file must be an ordinary one", path,
            n->attributes & ATTR_REPARSE ? "a link or compressed by a filter" : "encrypted");
    if ((n->attributes & ATTR_DIRECTORY) || tree_data_size(n) == 0)
        return wtg_fail(err, WTG_E_NOT_WINDOWS, "'%s' is %s, not a file with content", path,
                        n->attributes & ATTR_DIRECTORY ? "a directory" : "empty");
    return 0;
}

static int find_arch(const struct tree_link *l, const struct boot_arch **ret, struct wtg_err *err)
{
    uint8_t head[PE_HEAD_BYTES];
    struct pe_info pe;
    const struct tree_blob *blob = tree_data(l->node);
    size_t n = (size_t)min_u64(blob->size_bytes, sizeof head);
    int r = tree_blob_read(blob, 0, head, n, err);
    if (r == 0)
        r = pe_read((struct wtg_span){ head, n }, &pe, err);
    if (r < 0)
        return r;
    if (pe.subsystem != PE_SUBSYSTEM_EFI_APPLICATION)
        return wtg_fail(err, WTG_E_NOT_WINDOWS,
                        "it is a program for subsystem %u, not for UEFI firmware (10)",
                        pe.subsystem);
    for (size_t i = 0; i < ARRAY_LEN(archs); i++)
        if (archs[i].machine == pe.machine) {
            *ret = &archs[i];
            return 0;
        }
    return wtg_fail(err, WTG_E_NOT_WINDOWS,
                    "it is for processors of type 0x%x, not x64, arm64 or "
                    "x86",
                    pe.machine);
}

int boot_is_windows(const struct tree *t, const struct boot_arch **ret, struct wtg_err *err)
{
    for (size_t i = 0; i < ARRAY_LEN(needed); i++) {
        const struct tree_link *l = tree_find(t, needed[i].path);
        if (!l) {
            wtg_fail(err, WTG_E_NOT_WINDOWS,
                     "the image holds no Windows that can boot: %s, '%s', is missing",
                     needed[i].what, needed[i].path);
            return wtg_hint(err, "choose another image ('wtg image list'), or lay this one onto a "
                                 "plain NTFS partition with --no-boot");
        }
        int r = check_file(l, err);
        if (r < 0)
            return r;
    }
    int r = find_arch(tree_find(t, BOOT_MANAGER), ret, err);
    return r < 0 ? wtg_because(err, "'%s'", BOOT_MANAGER) : 0;
}

static bool is_left_out(const struct tree_link *l)
{
    char name[UTF16_MAX_UTF8(NAME_MAX_UNITS)];
    utf16_to_utf8(l->name, l->name_len, name, sizeof name);
    for (size_t i = 0; i < ARRAY_LEN(left_out); i++)
        if (strcasecmp(name, left_out[i]) == 0)
            return true;
    return false;
}

static void set_times(struct tree_node *n, uint64_t time)
{
    n->created = n->accessed = n->written = n->changed = time;
}

/* Adds a file with the given content; times from `like`, or `time` where there is none. */
static int add_file(struct tree *t, struct tree_node *dir, const uint16_t *name, size_t name_len,
                    const struct tree_blob *blob, const struct tree_node *like, uint64_t time,
                    struct wtg_err *err)
{
    struct tree_node *n = NULL;
    struct tree_link *l = NULL;
    int r = tree_add_node(t, ATTR_ARCHIVE, &n, err);
    if (r == 0 && blob)
        r = tree_add_stream(t, n, NULL, 0, blob, err);
    if (r == 0)
        r = tree_add_link(t, dir, n, name, name_len, NULL, 0, &l, err);
    if (r < 0)
        return r;
    set_times(n, time);
    if (like) {
        n->created = like->created;
        n->accessed = like->accessed;
        n->written = like->written;
        n->changed = like->changed;
    }
    return 0;
}

/* The directory of that name in `parent`, made when it is not there. */
static int make_dir(struct tree *t, struct tree_node *parent, const uint16_t *name, size_t len,
                    uint64_t time, struct tree_node **ret, struct wtg_err *err)
{
    for (size_t i = 0; i < parent->nchildren; i++) {
        struct tree_link *c = parent->child[i];
        if (names_same(c->name, c->name_len, name, len)) {
            *ret = c->node;
            return 0;
        }
    }
    struct tree_link *l = NULL;
    int r = tree_add_node(t, ATTR_DIRECTORY, ret, err);
    if (r == 0)
        r = tree_add_link(t, parent, *ret, name, len, NULL, 0, &l, err);
    if (r == 0)
        set_times(*ret, time);
    return r;
}

/* The same for a path of ASCII names. */
static int make_path(struct tree *t, const char *path, uint64_t time, struct tree_node **ret,
                     struct wtg_err *err)
{
    struct tree_node *at = t->root;
    while (*path) {
        uint16_t name[NAME_MAX_UNITS];
        size_t len = strcspn(path, "\\");
        for (size_t i = 0; i < len; i++)
            name[i] = (uint8_t)path[i];
        int r = make_dir(t, at, name, len, time, &at, err);
        if (r < 0)
            return r;
        path += len + (path[len] == '\\');
    }
    *ret = at;
    return 0;
}

static int copy_dir(struct tree *t, const struct tree_node *from, struct tree_node *to,
                    uint64_t time, unsigned depth, struct wtg_err *err)
{
    if (depth > MAX_DEPTH)
        return wtg_fail(err, WTG_E_NOT_WINDOWS, "'\\Windows\\Boot' is nested more than %d deep",
                        MAX_DEPTH);
    int r = 0;
    for (size_t i = 0; r == 0 && i < from->nchildren; i++) {
        const struct tree_link *l = from->child[i];
        struct tree_node *dir = NULL;
        if (is_left_out(l))
            continue;
        if ((l->node->attributes & (ATTR_DIRECTORY | ATTR_REPARSE)) == ATTR_DIRECTORY) {
            r = make_dir(t, to, l->name, l->name_len, time, &dir, err);
            if (r == 0)
                r = copy_dir(t, l->node, dir, time, depth + 1, err);
        } else if (tree_data_size(l->node) == 0 && !(l->node->attributes & ATTR_REPARSE)) {
            r = add_file(t, to, l->name, l->name_len, NULL, l->node, time, err);
        } else {
            r = check_file(l, err);
            if (r == 0)
                r = add_file(t, to, l->name, l->name_len, tree_data(l->node), l->node, time, err);
        }
    }
    return r;
}

static int add_named(struct tree *t, struct tree_node *dir, const char *name,
                     const struct tree_blob *blob, const struct tree_node *like, uint64_t time,
                     struct wtg_err *err)
{
    AUTO_FREE uint16_t *unit = NULL;
    size_t n = 0;
    int r = utf16_from_utf8(name, &unit, &n, err);
    return r < 0 ? r : add_file(t, dir, unit, n, blob, like, time, err);
}

static int fill(struct boot_esp *esp, const struct tree *windows, uint64_t time,
                struct wtg_err *err)
{
    struct tree_node *dir = NULL;
    const struct tree_node *manager = tree_find(windows, BOOT_MANAGER)->node;
    set_times(esp->tree->root, time);
    int r = make_path(esp->tree, "EFI\\Boot", time, &dir, err);
    if (r == 0)
        r = add_named(esp->tree, dir, esp->arch->fallback, tree_data(manager), manager, time, err);
    if (r == 0)
        r = make_path(esp->tree, "EFI\\Microsoft\\Boot", time, &dir, err);
    if (r == 0)
        r = add_named(esp->tree, dir, "BCD", esp->bcd, NULL, time, err);
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(copies); i++) {
        const struct tree_link *from = tree_find(windows, copies[i].from);
        if (!from) /* fonts and resources: the boot manager can do without */
            continue;
        r = make_path(esp->tree, copies[i].to, time, &dir, err);
        if (r == 0)
            r = copy_dir(esp->tree, from->node, dir, time, 1, err);
    }
    return r < 0 ? r : tree_sort(esp->tree, err);
}

int boot_files(const struct tree *windows, uint8_t *bcd, size_t bcd_bytes, uint64_t time,
               struct boot_esp *ret, struct wtg_err *err)
{
    struct boot_esp esp = { 0 };
    int r = tree_memory_blob_new(bcd, bcd_bytes, &esp.bcd, err);
    if (r == 0)
        r = boot_is_windows(windows, &esp.arch, err);
    if (r == 0)
        r = tree_new(&esp.tree, err);
    if (r == 0)
        r = fill(&esp, windows, time, err);
    if (r < 0) {
        boot_esp_release(&esp);
        return wtg_because(err, "choosing the boot files");
    }
    *ret = esp;
    return 0;
}

void boot_esp_release(struct boot_esp *esp)
{
    tree_free(esp->tree);
    tree_memory_blob_free(esp->bcd);
    *esp = (struct boot_esp){ 0 };
}
