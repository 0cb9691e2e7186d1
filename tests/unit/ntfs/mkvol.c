/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writes a sample volume for looking at it by hand:  mkvol FILE KIND [SECTOR_BYTES [MIB]]
 * A KIND with a slash is an NTFS volume whose content is copied. */
#include "sample.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "ntfs/read.h"

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    struct sample s;
    const struct sample_kind copy = { argv[2], NULL, 1024 };
    const struct sample_kind *k = strchr(argv[2], '/') ? &copy : sample_kind(argv[2]);
    struct blk *source = NULL;
    struct wtg_err err = { 0 };
    double t0 = now();
    sample_new(&s);
    if (k->fill) {
        k->fill(&s);
        sample_sort(&s);
    } else {
        tree_free(s.t);
        s.t = NULL;
        if (blk_open(k->name, &source, &err) < 0 || ntfs_read_tree(source, NULL, &s.t, &err) < 0) {
            fprintf(stderr, "%s\n", err.text);
            return 1;
        }
    }
    struct rusage before, after;
    getrusage(RUSAGE_SELF, &before);
    double t1 = now();
    struct ntfs_build_opts o = sample_opts(argc > 4 ? strtoul(argv[4], NULL, 10) : k->mib,
                                           argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10) : 512);
    o.holes = sample_holes;
    struct ntfs_build *b = NULL;
    struct tree_regions r = { 0 };
    if (ntfs_build_new(s.t, &o, &b, &err) < 0 || ntfs_build_regions(b, &r, &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    double t2 = now();
    getrusage(RUSAGE_SELF, &after);
    AUTO_FD fd = open(argv[1], O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (sample_write_regions(&r, fd, o.size_bytes, &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    const struct ntfs_build_info *i = ntfs_build_info(b);
    printf(
        "%s: tree %.3f s, layout %.3f s, written %.3f s; memory of the layout %ld KiB (tree %ld)\n",
        k->name, t1 - t0, t2 - t1, now() - t2, after.ru_maxrss - before.ru_maxrss,
        before.ru_maxrss);
    printf("needed %llu used %llu data %llu metadata %llu resident %llu holes %llu mft %llu index "
           "%llu log %llu zone %llu records %llu files %llu dirs %llu names %llu sds %u dropped "
           "%llu %llu regions %zu\n",
           (unsigned long long)i->needed_bytes, (unsigned long long)i->used_bytes,
           (unsigned long long)i->data_bytes, (unsigned long long)i->metadata_bytes,
           (unsigned long long)i->resident_bytes, (unsigned long long)i->hole_bytes,
           (unsigned long long)i->mft_bytes, (unsigned long long)i->index_bytes,
           (unsigned long long)i->log_bytes, (unsigned long long)i->zone_bytes,
           (unsigned long long)i->records, (unsigned long long)i->files,
           (unsigned long long)i->directories, (unsigned long long)i->names, i->descriptors,
           (unsigned long long)i->short_names_dropped, (unsigned long long)i->object_ids_dropped,
           r.n);
    tree_regions_release(&r);
    ntfs_build_free(b);
    sample_free(&s);
    blk_free(source);
    return 0;
}
