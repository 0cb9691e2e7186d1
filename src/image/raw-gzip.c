/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image/raw-priv.h"

#include <string.h>
#include <zlib.h>

#include "base/mem.h"

/* gzip through zlib: libarchive 3.6 reads it too, but compares neither CRC-32 nor length. */
struct gzip {
    struct raw_file *file;
    z_stream z;
    bool ended;
};

static int gzip_open(struct raw_file *f, const struct raw_info *info, void **ret,
                     struct wtg_err *err)
{
    struct gzip *g = mem_zeroed(1, sizeof *g, err);

    (void)info;
    if (!g)
        return err->code;
    g->file = f;
    if (inflateInit2(&g->z, MAX_WBITS + 16) != Z_OK) { /* 16: gzip and nothing else */
        free(g);
        return wtg_fail_nomem(err);
    }
    *ret = g;
    return 0;
}

static void gzip_free(void *codec)
{
    struct gzip *g = codec;

    inflateEnd(&g->z);
    free(g);
}

static int refill(struct gzip *g, struct wtg_err *err)
{
    int r = g->z.avail_in ? 0 : raw_file_next(g->file, err);

    if (r == 0 && g->z.avail_in == 0) {
        g->z.next_in = g->file->buf;
        g->z.avail_in = (uInt)g->file->n;
    }
    return r;
}

/* Behind a member: another one, or the end.  What else stands there is left alone, as gzip does:
 * some makers of images put a signature there. */
static int next_member(struct gzip *g, struct wtg_err *err)
{
    int r = refill(g, err);

    if (r == 0)
        g->ended = g->z.avail_in == 0 || g->z.next_in[0] != 0x1f;
    if (r == 0 && !g->ended)
        inflateReset(&g->z);
    return r;
}

static int gzip_read(void *codec, uint8_t *buf, size_t n, size_t *ret_n, struct wtg_err *err)
{
    struct gzip *g = codec;

    g->z.next_out = buf;
    g->z.avail_out = (uInt)n; /* chunks of a few MiB */
    while (g->z.avail_out > 0 && !g->ended) {
        int r = refill(g, err);
        if (r < 0)
            return r;
        if (g->z.avail_in == 0)
            return wtg_fail(err, WTG_E_IMAGE_DAMAGED, "the gzip file ends too early");
        int z = inflate(&g->z, Z_NO_FLUSH);
        if (z == Z_STREAM_END)
            r = next_member(g, err);
        else if (z != Z_OK)
            r = wtg_fail(err, z == Z_MEM_ERROR ? WTG_E_NOMEM : WTG_E_IMAGE_DAMAGED, "gzip: %s",
                         g->z.msg ? g->z.msg : "it cannot be unpacked");
        if (r < 0)
            return r;
    }
    *ret_n = n - g->z.avail_out;
    return 0;
}

const struct raw_codec raw_gzip = { gzip_open, gzip_read, gzip_free };
