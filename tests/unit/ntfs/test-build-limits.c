/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the builder refuses, what it drops, and what it promises about sizes and order. */
#include "sample.h"
#include "test.h"

#include <inttypes.h>
#include <sys/mman.h>

#include "base/hash.h"
#include "base/le.h"
#include "ntfs/check.h"
#include "ntfs/ntfs-disk.h"
#include "ntfs/secure.h"

static void start(struct sample *s, const char *kind)
{
    sample_new(s);
    sample_kind(kind)->fill(s);
    sample_sort(s);
}

static int try_build(const struct sample *s, const struct ntfs_build_opts *o,
                     struct ntfs_build_info *ret, struct wtg_err *err)
{
    struct ntfs_build *b = NULL;
    int r = ntfs_build_new(s->t, o, &b, err);
    if (r == 0 && ret)
        *ret = *ntfs_build_info(b);
    ntfs_build_free(b);
    return r;
}

static void needed_size_is_exact(void)
{
    static const char *const kinds[] = {
        "empty", "sizes", "names", "streams", "extras", "many-10k"
    };
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        for (uint32_t sector = 512; sector <= 4096; sector *= 8) {
            struct sample s;
            struct wtg_err err = { 0 };
            struct ntfs_build_opts o = sample_opts(1, sector);
            uint64_t need = 0;
            start(&s, kinds[i]);
            OK(ntfs_build_needed(s.t, &o, &need, &err), err);
            o.size_bytes = need;
            OK(try_build(&s, &o, NULL, &err), err);
            o.size_bytes = need - 4096;
            CHECK(try_build(&s, &o, NULL, &err) == WTG_E_DISK_TOO_SMALL);
            char text[32];
            snprintf(text, sizeof text, "%" PRIu64, need);
            CHECK(err.nfacts == 1 && strcmp(err.fact[0].key, "need_bytes") == 0 &&
                  strcmp(err.fact[0].value, text) == 0);
            CHECK(err.hint[0] != 0);
            sample_free(&s);
        }
}

/* A volume that is full to the last cluster is right all the same. */
static void full_volume(void)
{
    struct sample s;
    struct wtg_err err = { 0 };
    struct ntfs_build_opts o = sample_opts(1, 512);
    struct ntfs_check_opts strict = { .strict = true };
    struct ntfs_check_result r = { 0 };
    struct blk *vol = NULL;
    AUTO_FD fd = memfd_create("volume", MFD_CLOEXEC);
    struct guid id = { { 9, 8, 7 } };
    o.volume_id = &id;
    start(&s, "same");
    OK(ntfs_build_needed(s.t, &o, &o.size_bytes, &err), err);
    OK(sample_write(s.t, &o, fd, &err), err);
    OK(blk_from_fd(dup(fd), o.size_bytes, 512, &vol, &err), err);
    OK(ntfs_check(vol, &strict, NULL, &r, &err), err);
    CHECK(r.errors == 0 && r.clusters == r.clusters_used);
    ntfs_check_result_release(&r);
    blk_free(vol);
    sample_free(&s);
}

static void write_and_hash(const struct sample *s, struct ntfs_build_opts *o,
                           uint8_t digest[SHA256_BYTES])
{
    struct wtg_err err = { 0 };
    AUTO_FD fd = memfd_create("volume", MFD_CLOEXEC);
    OK(sample_write(s->t, o, fd, &err), err);
    void *p = mmap(NULL, o->size_bytes, PROT_READ, MAP_SHARED, fd, 0);
    REQUIRE(p != MAP_FAILED);
    hash_sha256(p, o->size_bytes, digest);
    munmap(p, o->size_bytes);
}

static void same_tree_same_bytes(void)
{
    struct sample s, t, pad;
    uint8_t a[SHA256_BYTES], b[SHA256_BYTES];
    struct ntfs_build_opts o = sample_opts(32, 512);
    start(&s, "same");
    start(&pad, "sizes"); /* so that pointers differ */
    start(&t, "same");
    write_and_hash(&s, &o, a);
    write_and_hash(&t, &o, b);
    CHECK(memcmp(a, b, sizeof a) == 0);
    o.serial++;
    write_and_hash(&t, &o, b);
    CHECK(memcmp(a, b, sizeof a) != 0);
    sample_free(&s);
    sample_free(&t);
    sample_free(&pad);
}

/* Content stands in the order of its source, and copies next to each other. */
static void content_in_source_order(void)
{
    enum { N = 50 };
    struct sample s;
    struct wtg_err err = { 0 };
    struct ntfs_build *b = NULL;
    struct tree_regions r = { 0 };
    struct ntfs_build_opts o = sample_opts(32, 512);
    struct tree_blob *first = NULL;
    char name[32];
    sample_new(&s);
    for (unsigned i = 0; i < 2 * N; i++) {
        snprintf(name, sizeof name, "%u", i);
        struct tree_node *n = sample_node(&s, ATTR_ARCHIVE);
        sample_link(&s, s.t->root, n, name, NULL);
        struct tree_blob *blob = i < N ? sample_blob(&s, 5000 + i) : s.blob[i - N];
        if (!first)
            first = blob;
        blob->order = i * 31 % N; /* all different */
        blob->source = first->source;
        OK(tree_add_stream(s.t, n, NULL, 0, blob, &err), err);
        if (i >= N)
            blob->order = (i - N) * 31 % N;
    }
    sample_sort(&s);
    OK(ntfs_build_new(s.t, &o, &b, &err), err);
    OK(ntfs_build_regions(b, &r, &err), err);
    uint64_t order = 0, end = 0;
    unsigned seen = 0;
    for (size_t i = 0; i < r.n; i++) {
        if (r.region[i].pass != PASS_DATA)
            continue;
        CHECK(r.region[i].blob->order == order / 2);
        CHECK(r.region[i].offset >= end);
        end = r.region[i].offset + r.region[i].length;
        order++;
        seen++;
    }
    CHECK(seen == 2 * N);
    tree_regions_release(&r);
    ntfs_build_free(b);
    sample_free(&s);
}

static void refusals(void)
{
    struct wtg_err err = { 0 };
    struct ntfs_build_opts o = sample_opts(16, 512);
    static const char *const reserved[] = { "$MFT", "$mft", "$Extend", "$bitMap" };
    for (size_t i = 0; i < ARRAY_LEN(reserved); i++) {
        struct sample s;
        sample_new(&s);
        sample_file(&s, s.t->root, reserved[i], 0);
        sample_sort(&s);
        CHECK(try_build(&s, &o, NULL, &err) == WTG_E_IMAGE_NAME);
        sample_free(&s);
    }
    struct sample s;
    sample_new(&s);
    struct tree_node *n = sample_file(&s, sample_dir(&s, s.t->root, "dir"), "secret", 10);
    sample_sort(&s);
    n->attributes |= ATTR_ENCRYPTED;
    CHECK(try_build(&s, &o, NULL, &err) == WTG_E_IMAGE_ENCRYPTED);
    CHECK(strstr(err.text, "\\dir\\secret") != NULL);
    n->attributes = ATTR_ARCHIVE;
    o.label = "a label that is far too long for a volume";
    CHECK(try_build(&s, &o, NULL, &err) == WTG_E_USAGE);
    o.label = NULL;
    OK(try_build(&s, &o, NULL, &err), err);
    sample_ea(&s, n, 3, 30000);
    CHECK(try_build(&s, &o, NULL, &err) == WTG_E_UNSUPPORTED);
    n->neas = 0;
    o.size_bytes = UINT64_C(17) << 40;
    CHECK(try_build(&s, &o, NULL, &err) == WTG_E_UNSUPPORTED);
    o = sample_opts(16, 1024);
    CHECK(try_build(&s, &o, NULL, &err) == WTG_E_UNSUPPORTED);
    sample_free(&s);
}

static void more_names_than_a_list_holds(void)
{
    struct sample s;
    struct wtg_err err = { 0 };
    struct ntfs_build_opts o = sample_opts(64, 512);
    char name[32];
    sample_new(&s);
    struct tree_node *n = sample_node(&s, ATTR_ARCHIVE);
    for (unsigned i = 0; i < 8300; i++) {
        snprintf(name, sizeof name, "%u", i);
        sample_link(&s, s.t->root, n, name, NULL);
    }
    sample_sort(&s);
    CHECK(try_build(&s, &o, NULL, &err) == WTG_E_UNSUPPORTED);
    sample_free(&s);
}

static void short_names_that_clash_are_dropped(void)
{
    struct sample s;
    struct wtg_err err = { 0 };
    struct ntfs_build_opts o = sample_opts(16, 512);
    struct ntfs_build_info info;
    sample_new(&s);
    struct tree_node *n = sample_node(&s, ATTR_ARCHIVE);
    sample_file(&s, s.t->root, "ALONGN~1.TXT", 1);
    sample_link(&s, s.t->root, n, "a long name.txt", "ALONGN~1.TXT"); /* the file above */
    n = sample_node(&s, ATTR_ARCHIVE);
    sample_link(&s, s.t->root, n, "twice one.txt", "TWICE~1");
    sample_link(&s, s.t->root, n, "twice two.txt", "TWICE~2"); /* a file has one */
    sample_object_id(&s, n, 1, false);
    sample_object_id(&s, sample_file(&s, s.t->root, "impostor", 1), 1, false);
    sample_sort(&s);
    OK(try_build(&s, &o, &info, &err), err);
    CHECK(info.short_names_dropped == 2 && info.object_ids_dropped == 1);
    CHECK(info.files == 4 && info.names == 5);
    sample_free(&s);
}

/* Files without a descriptor get one that lets everybody in; not twice when a file has it too. */
static void descriptors_are_shared(void)
{
    struct sample s;
    struct wtg_err err = { 0 };
    struct ntfs_build_opts o = sample_opts(16, 512);
    struct ntfs_build_info info;
    sample_new(&s);
    struct tree_node *n = sample_file(&s, s.t->root, "one", 1);
    sample_sort(&s);
    OK(try_build(&s, &o, &info, &err), err);
    CHECK(info.descriptors == 3);
    OK(tree_share_sd(s.t, secure_sd_open, sizeof secure_sd_open, &n->sd, &err), err);
    OK(try_build(&s, &o, &info, &err), err);
    CHECK(info.descriptors == 3);
    OK(tree_share_sd(s.t, secure_sd_system, sizeof secure_sd_system, &n->sd, &err), err);
    OK(try_build(&s, &o, &info, &err), err);
    CHECK(info.descriptors == 3);
    s.t->root->sd = sample_sd(&s, 1);
    OK(try_build(&s, &o, &info, &err), err);
    CHECK(info.descriptors == 3);
    sample_free(&s);
}

static void boot_sector(void)
{
    struct sample s;
    struct wtg_err err = { 0 };
    struct ntfs_build_opts o = sample_opts(16, 512);
    struct guid id = { { 1, 2, 3, 4 } };
    struct ntfs_boot_disk first, last;
    AUTO_FD fd = memfd_create("volume", MFD_CLOEXEC);
    start(&s, "empty");
    o.start_lba = 567890;
    o.volume_id = &id;
    OK(sample_write(s.t, &o, fd, &err), err);
    REQUIRE(pread(fd, &first, sizeof first, 0) == sizeof first);
    REQUIRE(pread(fd, &last, sizeof last, (16 << 20) - 512) == sizeof last);
    CHECK(memcmp(&first, &last, sizeof first) == 0);
    CHECK(get_le32(first.hidden_sectors) == 567890);
    CHECK(get_le64(first.total_sectors) == 32767 && get_le64(first.serial) == o.serial);
    CHECK(get_le16(first.track_sectors) == 63 && get_le16(first.heads) == 255);
    CHECK(first.record_size == 0xf6 && first.index_block_size == 1);
    sample_free(&s);
}

static const struct test tests[] = {
    TEST(needed_size_is_exact),
    TEST(full_volume),
    TEST(same_tree_same_bytes),
    TEST(content_in_source_order),
    TEST(refusals),
    TEST(more_names_than_a_list_holds),
    TEST(short_names_that_clash_are_dropped),
    TEST(descriptors_are_shared),
    TEST(boot_sector),
};
TEST_MAIN(tests)
