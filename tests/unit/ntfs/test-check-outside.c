/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ntfs/check.h"

#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "ntfs/read.h"
#include "test.h"

/* Volumes that others made: mkntfs, wimlib-imagex apply, ntfs-3g.  The checker must not call them
 * damaged, and the reader must find what was put there. */

static char folder[64];

static int sh(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static int sh(const char *fmt, ...)
{
    char line[2048];
    va_list ap;
    int n = snprintf(line, sizeof line, "PATH=$PATH:/sbin:/usr/sbin; cd '%s' && exec >log 2>&1 && ",
                     folder);
    va_start(ap, fmt);
    vsnprintf(line + n, sizeof line - (size_t)n, fmt, ap);
    va_end(ap);
    return system(line);
}

static bool have(const char *tool)
{
    return sh("command -v %s", tool) == 0;
}

static void volume_is_clean(void)
{
    char path[128];
    struct ntfs_check_result r = { 0 };
    struct wtg_err err = { 0 };
    struct blk *vol = NULL;
    snprintf(path, sizeof path, "%s/volume", folder);
    OK(blk_open(path, &vol, &err), err);
    OK(ntfs_check(vol, NULL, NULL, &r, &err), err);
    for (size_t i = 0; i < r.nproblems; i++)
        if (r.problem[i].severity == NTFS_ERROR)
            printf("# %s, record %llu '%s': %s\n", r.problem[i].id,
                   (unsigned long long)r.problem[i].record, r.problem[i].path, r.problem[i].detail);
    CHECK(r.errors == 0);
    ntfs_check_result_release(&r);
    blk_free(vol);
}

static void mkntfs_volumes_are_clean(void)
{
    static const char *const opts[] = { "", "-c 512", "-c 65536", "-s 4096", "-L label" };
    if (!have("mkntfs"))
        SKIP("mkntfs is not installed");
    for (size_t i = 0; i < ARRAY_LEN(opts); i++) {
        REQUIRE(sh("rm -f volume && truncate -s 24M volume && "
                   "mkntfs -F -q -Q -p 2048 -H 255 -S 63 %s volume",
                   opts[i]) == 0);
        volume_is_clean();
    }
}

/* Names enough for an index of two levels, links enough for an attribute list. */
static const char make_tree[] =
    "mkdir -p tree/many tree/links && cd tree && "
    "i=0; while [ $i -lt 400 ]; do echo $i >many/'one of many files, '$i; i=$((i+1)); done; "
    "echo linked >links/0; "
    "i=1; while [ $i -lt 60 ]; do ln links/0 links/'one of many links, number '$i; "
    "i=$((i+1)); done; ln -s ../many links/symlink; truncate -s 3M sparse; "
    "dd if=/dev/urandom of=data bs=1k count=300";

static void tree_is_there(void)
{
    static uint8_t want[300 * 1024];
    char path[128];
    struct wtg_err err = { 0 };
    struct blk *vol = NULL;
    struct tree *t = NULL;
    uint8_t *p = NULL;
    size_t n = 0;
    snprintf(path, sizeof path, "%s/tree/data", folder);
    AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
    REQUIRE(fd >= 0 && read(fd, want, sizeof want) == (ssize_t)sizeof want);
    snprintf(path, sizeof path, "%s/volume", folder);
    OK(blk_open(path, &vol, &err), err);
    OK(ntfs_read_tree(vol, NULL, &t, &err), err);
    CHECK(t->nlinks == 400 + 60 + 1 + 4);
    const struct tree_link *l = tree_find(t, "\\links\\0");
    CHECK(l && l->node->nlinks == 60 && tree_data_size(l->node) == 7);
    l = tree_find(t, "links/symlink");
    CHECK(l && l->node->reparse_tag == NTFS_REPARSE_TAG_SYMLINK);
    OK(tree_read_file(t, "data", 1 << 20, &p, &n, &err), err);
    CHECK(n == sizeof want && memcmp(p, want, n) == 0);
    free(p);
    tree_free(t);
    blk_free(vol);
}

static void wimlib_volumes_are_clean(void)
{
    if (!have("mkntfs") || !have("wimlib-imagex"))
        SKIP("mkntfs or wimlib-imagex is not installed");
    REQUIRE(sh("%s", make_tree) == 0);
    REQUIRE(sh("wimlib-imagex capture tree image.wim --compress=none") == 0);
    REQUIRE(sh("rm -f volume && truncate -s 24M volume && mkntfs -F -q -Q volume") == 0);
    REQUIRE(sh("wimlib-imagex apply image.wim 1 volume") == 0);
    volume_is_clean();
    tree_is_there();
}

static void ntfs_3g_volumes_are_clean(void)
{
    if (geteuid() != 0 || access("/dev/fuse", R_OK | W_OK) != 0)
        SKIP("mounting with ntfs-3g needs root and /dev/fuse");
    if (!have("mkntfs") || !have("ntfs-3g") || !have("fusermount3"))
        SKIP("ntfs-3g is not installed");
    REQUIRE(sh("rm -f volume && truncate -s 48M volume && mkntfs -F -q -Q volume && "
               "mkdir -p mnt") == 0);
    if (sh("ntfs-3g -o streams_interface=windows volume mnt") != 0)
        SKIP("ntfs-3g cannot mount here");
    /* Files come, go, grow, and get other names: pieces, freed blocks, compressed clusters. */
    int r = sh("cd mnt && mkdir d e && "
               "i=0; while [ $i -lt 300 ]; do echo $i >d/'a file to come and go '$i; "
               "i=$((i+1)); done; rm d/*go\\ 1*; mv d/*go\\ 2* e; "
               "i=0; while [ $i -lt 60 ]; do head -c 5000 /dev/zero >>e/one; "
               "head -c 5000 /dev/urandom >>e/two; ln e/one e/link$i; i=$((i+1)); done; "
               "echo stream >e/two:named; truncate -s 100 e/two; "
               "truncate -s 2M e/sparse; echo end >>e/sparse");
    CHECK(sh("umount mnt || fusermount3 -u mnt") == 0);
    REQUIRE(r == 0);
    volume_is_clean();
}

static const struct test tests[] = {
    TEST(mkntfs_volumes_are_clean),
    TEST(wimlib_volumes_are_clean),
    TEST(ntfs_3g_volumes_are_clean),
};

static void make_folder(void) __attribute__((constructor));
static void make_folder(void)
{
    const char *tmp = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%.40s/wtg-check-XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(folder))
        abort();
}
static void remove_folder(void) __attribute__((destructor));
static void remove_folder(void)
{
    char line[128];
    snprintf(line, sizeof line, "rm -rf '%s'", folder);
    if (system(line) != 0)
        printf("# '%s' stays\n", folder);
}

TEST_MAIN(tests)
