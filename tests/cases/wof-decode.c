/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Decodes a WofCompressedData stream with libwim alone, so that what wtg put onto a volume is read
 * by nothing of wtg's:
 *
 *     wof-decode xpress|lzx CHUNK-BYTES CONTENT-BYTES <stream >content
 */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wimlib.h>

static void die(const char *what)
{
    fprintf(stderr, "wof-decode: %s\n", what);
    exit(1);
}

static uint64_t number_at(const uint8_t *p, unsigned bytes)
{
    uint64_t v = 0;
    while (bytes--)
        v = v << 8 | p[bytes];
    return v;
}

int main(int argc, char **argv)
{
    if (argc != 4)
        die("usage: wof-decode xpress|lzx CHUNK-BYTES CONTENT-BYTES");
    enum wimlib_compression_type kind =
        strcmp(argv[1], "lzx") == 0 ? WIMLIB_COMPRESSION_TYPE_LZX : WIMLIB_COMPRESSION_TYPE_XPRESS;
    uint64_t chunk = strtoull(argv[2], NULL, 10), content = strtoull(argv[3], NULL, 10);
    size_t n = 0, cap = 0;
    uint8_t *in = NULL, *out = malloc(chunk);
    for (size_t got = 1; got; n += got) {
        if (cap < n + 65536 && !(in = realloc(in, cap = 2 * cap + 65536)))
            die("no memory");
        got = fread(in + n, 1, 65536, stdin);
    }
    struct wimlib_decompressor *d = NULL;
    if (!out || wimlib_create_decompressor(kind, chunk, &d))
        die("no decompressor");
    unsigned entry = content > UINT32_MAX ? 8 : 4;
    uint64_t chunks = (content + chunk - 1) / chunk, table = (chunks - 1) * entry, start = 0;
    if (table >= n)
        die("the stream is shorter than its table");
    for (uint64_t i = 0; i < chunks; i++) {
        uint64_t end = i + 1 < chunks ? number_at(in + i * entry, entry) : n - table;
        uint64_t size = i + 1 < chunks ? chunk : content - i * chunk;
        if (end <= start || end > n - table || end - start > size)
            die("a chunk stands where none can be");
        if (end - start == size)
            memcpy(out, in + table + start, size);
        else if (wimlib_decompress(in + table + start, end - start, out, size, d))
            die("a chunk does not decompress");
        if (fwrite(out, 1, size, stdout) != size)
            die("cannot write");
        start = end;
    }
    wimlib_free_decompressor(d);
    free(in);
    free(out);
    return 0;
}
