/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ntfs/check-state.h"
#include "ntfs/wof.h"

/* Files that the Windows Overlay Filter keeps compressed ("Compact OS"): an unnamed stream that is
 * one hole, and a stream of chunks behind a table of their ends. */

static void problem(struct check *c, uint64_t record, const char *what, uint64_t n)
{
    ntfs_check_problem(c, NTFS_P_WOF, record, "%s %llu", what, (unsigned long long)n);
}

/* The table of a stream: every chunk has bytes, and none more than it has content. */
static int check_table(struct check *c, uint64_t record, const struct ntfs_stream *s,
                       uint64_t content, uint32_t chunk, struct wtg_err *err)
{
    uint8_t buf[8192];
    const struct ntfs_wof_cut cut = ntfs_wof_cut_of(content, chunk);
    const uint64_t width = cut.entry_bytes, chunks = cut.chunks, table = cut.table_bytes;
    uint64_t end = 0, done = 0;
    if (table > s->size_bytes) {
        problem(c, record, "the stream is too short for its table; chunks:", chunks);
        return 0;
    }
    /* Tables are a thousandth of the volume; hostile ones may all stand in one place. */
    c->table_bytes += table;
    if (c->table_bytes > c->vol->blk->size)
        return 0;
    for (uint64_t i = 0; i < chunks; i++) {
        uint64_t before = end;
        if (i == chunks - 1) {
            end = s->size_bytes - table;
        } else {
            if (i == done) {
                uint64_t n = min_u64(sizeof buf / width, chunks - 1 - i);
                int r = ntfs_stream_read(c->vol->blk, c->vol->geom.cluster_bytes, s, i * width, buf,
                                         (size_t)(n * width), err);
                if (r < 0)
                    return ntfs_check_soft(c, r, NTFS_P_WOF, record, err) < 0 ? r : 0;
                done += n;
            }
            const uint8_t *p = buf + i % (sizeof buf / width) * width;
            end = width == 8 ? le64_at(p) : le32_at(p);
        }
        if (end <= before || end - before > min_u64(chunk, content - i * chunk)) {
            problem(c, record, "a chunk has no bytes or too many, number", i);
            return 0;
        }
    }
    return 0;
}

static int check_streams(struct check *c, const struct ntfs_file *f, uint32_t chunk,
                         struct wtg_err *err)
{
    const struct ntfs_attr *plain = ntfs_file_find(f, NTFS_AT_DATA, "");
    const struct ntfs_attr *packed = ntfs_file_find(f, NTFS_AT_DATA, NTFS_WOF_STREAM);
    struct ntfs_stream s = { 0 };
    if (!plain || !packed) {
        problem(c, f->record, "it must have two streams, it lacks number", plain ? 2 : 1);
        return 0;
    }
    uint64_t content = plain->nonresident ? plain->data_size : plain->value.n;
    if (content && (!plain->nonresident || !(plain->flags & NTFS_ATTR_SPARSE)))
        ntfs_check_problem(c, NTFS_P_WOF_DETAIL, f->record, "the unnamed stream is no hole");
    if (plain->nonresident && plain->total_allocated)
        problem(c, f->record, "the unnamed stream takes bytes:", plain->total_allocated);
    if (plain->nonresident && plain->initialized != plain->data_size)
        ntfs_check_problem(c, NTFS_P_WOF_DETAIL, f->record, "initialized are %llu bytes of %llu",
                           (unsigned long long)plain->initialized,
                           (unsigned long long)plain->data_size);
    int r = ntfs_check_soft(c, ntfs_stream_open(c->vol, f, packed, &s, err), NTFS_P_WOF, f->record,
                            err);
    if (r == 0 && !c->opts->no_content)
        r = check_table(c, f->record, &s, content, chunk, err);
    ntfs_stream_release(&s);
    return r < 0 ? r : 0;
}

int ntfs_check_wof(struct check *c, const struct ntfs_file *f, struct wtg_span data,
                   struct wtg_err *err)
{
    const struct ntfs_wof_disk *d = span_at(data, 0, sizeof *d);
    if (!d || get_le32(d->wof_version) != NTFS_WOF_VERSION) {
        problem(c, f->record, "the reparse data is not of this kind; bytes:", data.n);
        return 0;
    }
    if (get_le32(d->provider) != NTFS_WOF_PROVIDER_FILE) /* backed by a WIM: not on this volume */
        return 0;
    const struct ntfs_wof_form *form = ntfs_wof_form_numbered(get_le32(d->algorithm));
    if (data.n != sizeof *d || !form ||
        get_le32(d->provider_version) != NTFS_WOF_PROVIDER_VERSION) {
        problem(c, f->record, "unknown compression", get_le32(d->algorithm));
        return 0;
    }
    return check_streams(c, f, form->chunk_bytes, err);
}
