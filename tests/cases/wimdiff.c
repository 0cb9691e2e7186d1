/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Are two images the same?  Compares every name with all that libwim can say of it: attributes,
 * short name, descriptor, reparse tag, hard links, times, object id, streams with size and SHA-1.
 *
 *     wimdiff A.wim B.wim        exit 0 the same, 1 differences (listed), 2 trouble
 */

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wimlib.h>

enum { SHOWN = 40 };

struct stream {
    char *name; /* "" the unnamed one */
    uint64_t size;
    uint8_t sha1[20];
};

struct entry {
    char *path, *dos;
    uint8_t *sd;
    size_t sd_len, nstreams;
    uint32_t attributes, tag, links;
    uint64_t group;
    struct wimlib_timespec time[3];
    struct wimlib_object_id id;
    struct stream *stream;
};

struct list {
    struct entry *e;
    size_t n, cap;
};

static void *need(void *p)
{
    if (!p) {
        fprintf(stderr, "wimdiff: no memory\n");
        exit(2);
    }
    return p;
}

static char *copy(const char *s)
{
    return need(strdup(s ? s : ""));
}

static int by_stream_name(const void *a, const void *b)
{
    return strcmp(((const struct stream *)a)->name, ((const struct stream *)b)->name);
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->path, ((const struct entry *)b)->path);
}

static int collect(const struct wimlib_dir_entry *d, void *user)
{
    struct list *l = user;
    if (l->n == l->cap) {
        l->cap = l->cap ? 2 * l->cap : 1024;
        l->e = need(realloc(l->e, l->cap * sizeof *l->e));
    }
    struct entry *e = &l->e[l->n++];
    *e = (struct entry){
        .path = copy(d->full_path),
        .dos = copy(d->dos_name),
        .sd = need(malloc(d->security_descriptor_size + 1)),
        .sd_len = d->security_descriptor_size,
        .nstreams = d->num_named_streams + 1,
        .attributes = d->attributes,
        .tag = d->reparse_tag,
        .links = d->num_links,
        .group = d->num_links > 1 ? d->hard_link_group_id : 0,
        .time = { d->creation_time, d->last_write_time, d->last_access_time },
        .id = d->object_id,
    };
    if (e->sd_len)
        memcpy(e->sd, d->security_descriptor, e->sd_len);
    e->stream = need(calloc(e->nstreams, sizeof *e->stream));
    for (size_t i = 0; i < e->nstreams; i++) {
        const struct wimlib_stream_entry *s = &d->streams[i];
        e->stream[i].name = copy(s->stream_name);
        e->stream[i].size = s->resource.uncompressed_size;
        memcpy(e->stream[i].sha1, s->resource.sha1_hash, 20);
    }
    qsort(e->stream, e->nstreams, sizeof *e->stream, by_stream_name);
    return 0;
}

struct group_row {
    uint64_t group;
    size_t at;
};

static int by_group(const void *a, const void *b)
{
    const struct group_row *x = a, *y = b;
    if (x->group != y->group)
        return x->group < y->group ? -1 : 1;
    return (x->at > y->at) - (x->at < y->at);
}

/* Group ids are arbitrary: names a group after its first path instead (place + 1; 0: no group). */
static void number_groups(struct list *l)
{
    struct group_row *row = need(calloc(l->n + 1, sizeof *row));
    for (size_t i = 0; i < l->n; i++)
        row[i] = (struct group_row){ l->e[i].group, i };
    qsort(row, l->n, sizeof *row, by_group);
    size_t first = 0;
    for (size_t i = 0; i < l->n; i++) {
        if (i == 0 || row[i].group != row[i - 1].group)
            first = row[i].at;
        l->e[row[i].at].group = row[i].group ? first + 1 : 0;
    }
    free(row);
}

static struct list load(const char *path)
{
    struct list l = { 0 };
    WIMStruct *wim = NULL;
    int r = wimlib_open_wim(path, 0, &wim);
    if (r == 0)
        r = wimlib_iterate_dir_tree(wim, 1, "/", WIMLIB_ITERATE_DIR_TREE_FLAG_RECURSIVE, collect,
                                    &l);
    if (r != 0) {
        fprintf(stderr, "wimdiff: '%s': %s\n", path,
                wimlib_get_error_string((enum wimlib_error_code)r));
        exit(2);
    }
    wimlib_free(wim);
    qsort(l.e, l.n, sizeof *l.e, by_path);
    number_groups(&l);
    return l;
}

static unsigned differences;

static void differs(const struct entry *e, const char *what, uint64_t a, uint64_t b)
{
    if (differences++ < SHOWN)
        printf("%s: %s: %#" PRIx64 " became %#" PRIx64 "\n", e->path, what, a, b);
}

static void compare_streams(const struct entry *a, const struct entry *b)
{
    if (a->nstreams != b->nstreams) {
        differs(a, "number of streams", a->nstreams, b->nstreams);
        return;
    }
    for (size_t i = 0; i < a->nstreams; i++) {
        const struct stream *s = &a->stream[i], *t = &b->stream[i];
        char what[300];
        snprintf(what, sizeof what, "stream '%.250s'", s->name);
        if (strcmp(s->name, t->name) != 0)
            differs(a, what, 0, 1);
        if (s->size != t->size)
            differs(a, what, s->size, t->size);
        else if (memcmp(s->sha1, t->sha1, 20) != 0)
            differs(a, "content of the same size, SHA-1", s->sha1[0], t->sha1[0]);
    }
}

static void compare(const struct entry *a, const struct entry *b)
{
    static const char *const time_name[] = { "creation time", "write time", "access time" };
    if (a->attributes != b->attributes)
        differs(a, "attributes", a->attributes, b->attributes);
    if (strcmp(a->dos, b->dos) != 0)
        differs(a, "short name", (uint8_t)a->dos[0], (uint8_t)b->dos[0]);
    if (a->sd_len != b->sd_len)
        differs(a, "descriptor size", a->sd_len, b->sd_len);
    else if (memcmp(a->sd, b->sd, a->sd_len) != 0)
        differs(a, "descriptor", 0, 1);
    if (a->tag != b->tag)
        differs(a, "reparse tag", a->tag, b->tag);
    if (a->links != b->links)
        differs(a, "links", a->links, b->links);
    if (a->group != b->group)
        differs(a, "linked to another file", a->group, b->group);
    for (int i = 0; i < 3; i++)
        if (a->time[i].tv_sec != b->time[i].tv_sec || a->time[i].tv_nsec != b->time[i].tv_nsec)
            differs(a, time_name[i], (uint64_t)a->time[i].tv_sec, (uint64_t)b->time[i].tv_sec);
    if (memcmp(&a->id, &b->id, sizeof a->id) != 0)
        differs(a, "object id", a->id.object_id[0], b->id.object_id[0]);
    compare_streams(a, b);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: wimdiff A.wim B.wim\n");
        return 2;
    }
    struct list a = load(argv[1]), b = load(argv[2]);
    size_t i = 0, j = 0, same = 0;
    while (i < a.n || j < b.n) {
        int order = i == a.n ? 1 : j == b.n ? -1 : strcmp(a.e[i].path, b.e[j].path);
        if (order != 0) {
            const struct entry *e = order < 0 ? &a.e[i++] : &b.e[j++];
            if (differences++ < SHOWN)
                printf("%s: only in %s\n", e->path, order < 0 ? argv[1] : argv[2]);
            continue;
        }
        compare(&a.e[i++], &b.e[j++]);
        same++;
    }
    printf("%zu names compared, %u differences\n", same, differences);
    return differences ? 1 : 0;
}
