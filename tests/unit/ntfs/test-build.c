/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "compare.h"
#include "sample.h"
#include "test.h"

#include <sys/mman.h>

#include "base/hash.h"
#include "ntfs/check.h"
#include "ntfs/read.h"

/* A file in memory. */
static int memory_file(void)
{
    int fd = memfd_create("volume", MFD_CLOEXEC);
    if (fd < 0)
        abort();
    return fd;
}

static void check_volume(struct blk *vol, uint64_t start_lba)
{
    struct ntfs_check_opts o = { .strict = true, .has_start = true, .start_lba = start_lba };
    struct ntfs_check_result r = { 0 };
    struct wtg_err err = { 0 };
    OK(ntfs_check(vol, &o, NULL, &r, &err), err);
    for (size_t i = 0; i < r.nproblems && i < 20; i++)
        printf("# %s: record %lld '%s': %s: %s\n", r.problem[i].id, (long long)r.problem[i].record,
               r.problem[i].path, r.problem[i].text, r.problem[i].detail);
    CHECK(r.errors == 0);
    CHECK(r.warnings == 0);
    ntfs_check_result_release(&r);
}

/* Builds, checks, reads back and compares. */
static void round_trip_from(const char *name, uint32_t sector_bytes, bool holes, uint64_t seed)
{
    const struct sample_kind *k = sample_kind(name);
    struct sample s;
    struct wtg_err err = { 0 };
    struct blk *vol = NULL;
    struct tree *got = NULL;
    sample_new(&s);
    s.random = seed;
    k->fill(&s);
    sample_sort(&s);
    struct ntfs_build_opts o = sample_opts(k->mib, sector_bytes);
    if (holes)
        o.holes = sample_holes;
    AUTO_FD fd = memory_file();
    OK(sample_write(s.t, &o, fd, &err), err);
    OK(blk_from_fd(dup(fd), o.size_bytes, sector_bytes, &vol, &err), err);
    check_volume(vol, o.start_lba);
    OK(ntfs_read_tree(vol, NULL, &got, &err), err);
    CHECK(same_trees(s.t, got));
    tree_free(got);
    blk_free(vol);
    sample_free(&s);
}

static void round_trip(const char *name, uint32_t sector_bytes, bool holes)
{
    round_trip_from(name, sector_bytes, holes, 1);
}

static void random_trees(void)
{
    for (uint64_t seed = 1; seed <= 40 && !test_failed; seed++) {
        round_trip_from("random", seed % 2 ? 512 : 4096, seed % 3 == 0, seed);
        if (test_failed)
            printf("# seed %u\n", (unsigned)seed);
    }
}

#define ROUND_TRIP(test, kind, sector, holes)                                                      \
    static void test(void)                                                                         \
    {                                                                                              \
        round_trip(kind, sector, holes);                                                           \
    }
ROUND_TRIP(empty_tree, "empty", 512, false)
ROUND_TRIP(every_size_resident_and_not, "sizes", 512, false)
ROUND_TRIP(ten_thousand_names, "many-10k", 512, false)
ROUND_TRIP(directories_of_every_size, "dirs", 512, false)
ROUND_TRIP(hard_names, "names", 512, false)
ROUND_TRIP(up_to_3000_hard_links, "links-3000", 512, false)
ROUND_TRIP(many_streams, "streams", 512, false)
ROUND_TRIP(streams_with_255_characters, "long-streams", 512, false)
ROUND_TRIP(sixty_descriptors, "security", 512, false)
ROUND_TRIP(descriptors_in_several_blocks, "descriptors", 512, false)
ROUND_TRIP(reparse_points_eas_object_ids, "extras", 512, false)
ROUND_TRIP(sparse_files, "sparse-small", 512, false)
ROUND_TRIP(sparse_files_with_holes, "sparse", 512, true)
ROUND_TRIP(the_same_content_in_many_files, "same", 512, false)
ROUND_TRIP(everything_on_4k_sectors, "all", 4096, true)

static const struct test tests[] = {
    TEST(empty_tree),
    TEST(every_size_resident_and_not),
    TEST(ten_thousand_names),
    TEST(directories_of_every_size),
    TEST(hard_names),
    TEST(up_to_3000_hard_links),
    TEST(many_streams),
    TEST(streams_with_255_characters),
    TEST(sixty_descriptors),
    TEST(descriptors_in_several_blocks),
    TEST(reparse_points_eas_object_ids),
    TEST(sparse_files),
    TEST(sparse_files_with_holes),
    TEST(the_same_content_in_many_files),
    TEST(everything_on_4k_sectors),
    TEST(random_trees),
};
TEST_MAIN(tests)
