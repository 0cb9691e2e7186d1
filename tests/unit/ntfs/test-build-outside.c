/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What others say of our volumes: ntfs-3g's tools, sleuthkit, 7-Zip, libfsntfs, GRUB, wimlib.  A
 * tool that is not installed is passed over, and told. */
#include "sample.h"
#include "test.h"

#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

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
    if (sh("command -v %s", tool) == 0)
        return true;
    printf("# '%s' is not installed, passed over\n", tool);
    return false;
}

static void show_log(void)
{
    char line[128];
    snprintf(line, sizeof line, "tail -n 5 '%s/log' | sed 's/^/# /'", folder);
    fflush(stdout);
    if (system(line) != 0)
        printf("# no log\n");
}

enum {
    ON_4K = 1, /* the tool knows sectors of 4096 bytes */
    SHORT_STREAMS =
        2, /* libfsntfs 20210503 fails at names of streams with 64 characters and more */
};

static const struct {
    const char *tool, *line;
    unsigned flags;
} questions[] = {
    { "ntfsfix", "ntfsfix -n volume", ON_4K },
    { "ntfsinfo", "ntfsinfo -m volume", ON_4K },
    { "ntfsresize", "ntfsresize -i -f -P volume", ON_4K },
    { "ntfscluster", "ntfscluster -i volume", ON_4K },
    { "fsstat", "fsstat volume", ON_4K },
    { "fls", "fls -r -p volume >list && ! grep -qi error list", ON_4K },
    { "7z", "7z t volume", 0 },
    { "fsntfsinfo", "fsntfsinfo volume", ON_4K },
    { "fsntfsinfo", "fsntfsinfo -H volume", ON_4K | SHORT_STREAMS },
    { "grub-fstest", "grub-fstest volume ls '(loop0)/' | grep -F 'the last file'", ON_4K },
    { "wimlib-imagex",
      "wimlib-imagex capture volume image.wim --compress=none && "
      "wimlib-imagex dir image.wim 1 >dir && "
      "test $(wc -l <dir) = $(cat names) && rm image.wim",
      ON_4K },
};

static void write_names(const struct sample *s)
{
    char path[128];
    snprintf(path, sizeof path, "%s/names", folder);
    FILE *f = fopen(path, "we");
    REQUIRE(f != NULL);
    fprintf(f, "%zu\n", s->t->nlinks + 1); /* and the root */
    fclose(f);
}

static void ask(const char *kind, uint32_t sector_bytes)
{
    struct sample s;
    struct wtg_err err = { 0 };
    char path[128];
    const struct sample_kind *k = sample_kind(kind);
    struct ntfs_build_opts o = sample_opts(k->mib, sector_bytes);
    o.holes = sample_holes;
    bool short_streams = strcmp(kind, "long-streams") != 0 && strcmp(kind, "random") != 0;
    sample_new(&s);
    k->fill(&s);
    sample_file(&s, s.t->root, "the last file", 12345);
    sample_sort(&s);
    snprintf(path, sizeof path, "%s/volume", folder);
    AUTO_FD fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    OK(sample_write(s.t, &o, fd, &err), err);
    write_names(&s);
    for (size_t i = 0; i < ARRAY_LEN(questions); i++) {
        bool knows = (sector_bytes == 512 || (questions[i].flags & ON_4K)) &&
                     (short_streams || !(questions[i].flags & SHORT_STREAMS));
        if (!knows || !have(questions[i].tool))
            continue;
        int r = sh("%s", questions[i].line);
        if (r != 0) {
            printf("# %s of '%s' with sectors of %u: %d\n", questions[i].line, kind, sector_bytes,
                   r);
            show_log();
        }
        CHECK(r == 0);
    }
    sample_free(&s);
}

static void an_empty_volume(void)
{
    ask("empty", 512);
}
static void an_empty_volume_on_4k_sectors(void)
{
    ask("empty", 4096);
}
static void resident_and_not(void)
{
    ask("sizes", 512);
}
static void large_directories(void)
{
    ask("dirs", 512);
}
static void hard_names(void)
{
    ask("names", 512);
}
static void hard_links(void)
{
    ask("links", 512);
}
static void streams(void)
{
    ask("streams", 512);
}
static void long_streams(void)
{
    ask("long-streams", 512);
}
static void descriptors(void)
{
    ask("security", 512);
}
static void reparse_points_and_attributes(void)
{
    ask("extras", 512);
}
static void sparse_files(void)
{
    ask("sparse", 512);
}
static void random_tree(void)
{
    ask("random", 512);
}
static void names_on_4k_sectors(void)
{
    ask("names", 4096);
}
static void streams_on_4k_sectors(void)
{
    ask("streams", 4096);
}

static const struct test tests[] = {
    TEST(an_empty_volume),
    TEST(an_empty_volume_on_4k_sectors),
    TEST(resident_and_not),
    TEST(large_directories),
    TEST(hard_names),
    TEST(hard_links),
    TEST(streams),
    TEST(long_streams),
    TEST(descriptors),
    TEST(reparse_points_and_attributes),
    TEST(sparse_files),
    TEST(random_tree),
    TEST(names_on_4k_sectors),
    TEST(streams_on_4k_sectors),
};

static void make_folder(void) __attribute__((constructor));
static void make_folder(void)
{
    const char *tmp = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%.40s/wtg-build-XXXXXX", tmp ? tmp : "/tmp");
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
