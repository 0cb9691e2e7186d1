/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/raw-priv.h"

#include <lzma.h>
#include <string.h>

#include "base/le.h"
#include "base/mem.h"

/* How long an image is, before it is unpacked. */

enum { XZ_INDEX_MAX_BYTES = 64 << 20 }; /* 16 bytes a block: terabytes of blocks of 1 MiB */

static int read_index(struct blk *b, lzma_stream *s, uint8_t *buf, struct wtg_err *err)
{
    uint64_t at = 0;

    for (;;) {
        if (s->avail_in == 0) {
            size_t n = (size_t)min_u64(RAW_FILE_BYTES, b->size - at);
            int r = n ? blk_read(b, at, buf, n, err) : 0;
            if (r < 0)
                return r;
            s->next_in = buf;
            s->avail_in = n;
            at += n;
        }
        lzma_ret z = lzma_code(s, at == b->size ? LZMA_FINISH : LZMA_RUN);
        if (z == LZMA_SEEK_NEEDED) {
            at = min_u64(s->seek_pos, b->size);
            s->avail_in = 0;
        } else if (z == LZMA_STREAM_END) {
            return 0;
        } else if (z == LZMA_MEM_ERROR) {
            return wtg_fail_nomem(err);
        } else if (z != LZMA_OK) {
            wtg_fail(err, WTG_E_IMAGE_DAMAGED, "the xz file has no valid index at its end");
            return wtg_hint(err, "it is damaged or not complete: download or copy it again");
        }
    }
}

int raw_xz_size(struct blk *b, struct raw_info *info, struct wtg_err *err)
{
    lzma_stream s = LZMA_STREAM_INIT;
    lzma_index *index = NULL;
    AUTO_FREE uint8_t *buf = mem_zeroed(RAW_FILE_BYTES, 1, err);
    if (!buf)
        return err->code;
    if (lzma_file_info_decoder(&s, &index, XZ_INDEX_MAX_BYTES, b->size) != LZMA_OK)
        return wtg_fail_nomem(err);
    int r = read_index(b, &s, buf, err);
    if (r == 0) {
        info->size_known = info->size_exact = true;
        info->size_bytes = lzma_index_uncompressed_size(index);
        lzma_index_end(index, NULL);
    }
    lzma_end(&s);
    return r;
}

/* RFC 8878, 3.1.1.1: the header of the first frame; `size_exact` stays false because frames may
 * follow. */
int raw_zstd_size(struct blk *b, struct raw_info *info, struct wtg_err *err)
{
    static const uint8_t id_bytes[] = { 0, 1, 2, 4 }, size_bytes[] = { 0, 2, 4, 8 };
    uint8_t h[18] = { 0 };
    int r = blk_read(b, 0, h, (size_t)min_u64(sizeof h, b->size), err);

    if (r < 0)
        return r;
    bool single = h[4] & 0x20;
    const uint8_t *p = h + 5 + !single + id_bytes[h[4] & 3];
    size_t n = h[4] >> 6 || !single ? size_bytes[h[4] >> 6] : 1;
    info->size_known = n > 0;
    info->size_bytes = n == 1   ? p[0]
                       : n == 2 ? le16_at(p) + UINT64_C(256)
                       : n == 4 ? le32_at(p)
                       : n == 8 ? le64_at(p)
                                : 0;
    return 0;
}
