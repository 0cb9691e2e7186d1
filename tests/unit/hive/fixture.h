/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TEST_HIVE_FIXTURE_H
#define TEST_HIVE_FIXTURE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/le.h"
#include "base/mem.h"
#include "hive/hive-disk.h"
#include "hive/hive.h"
#include "test.h"

struct bytes {
    uint8_t *p;
    size_t n;
};

static inline struct wtg_span span_of(struct bytes b)
{
    return (struct wtg_span){ b.p, b.n };
}

/* A hive with a few keys and every kind of value. */
static inline struct bytes small_hive(void)
{
    static const char *const list[] = { "one", "zw\xc3\xb6lf", "\xf0\x9f\x92\xbe" };
    struct wtg_err err = { 0 };
    struct hive *h = NULL;
    hive_key a = 0, b = 0;
    struct bytes ret = { 0 };
    if (hive_new("TEST", "ROOT", 5, 132000000000000000, &h, &err) < 0 ||
        hive_make(h, hive_root(h), "Alpha\\Beta\\Gamma", &a, &err) < 0 ||
        hive_make(h, hive_root(h), "Alpha\\Delta", &b, &err) < 0 ||
        hive_set_dword(h, a, "number", 0x12345678, &err) < 0 ||
        hive_set_text(h, a, "text", HIVE_SZ, "gr\xc3\xbc\xc3\x9f", &err) < 0 ||
        hive_set_text(h, a, "path", HIVE_EXPAND_SZ, "%SystemRoot%\\inf", &err) < 0 ||
        hive_set_list(h, b, "list", list, ARRAY_LEN(list), &err) < 0 ||
        hive_set(h, b, "bytes", HIVE_BINARY, "\1\2\3\4\5", 5, &err) < 0 ||
        hive_set(h, b, "", HIVE_NONE, "", 0, &err) < 0 || hive_commit(h, &ret.p, &ret.n, &err) < 0)
        printf("# %s\n", err.text);
    hive_free(h);
    return ret;
}

/* After a change of the base block. */
static inline void fix_checksum(struct bytes b)
{
    put_le32(b.p + HIVE_SUMMED, hive_checksum(b.p));
}

/* Reads all that there is, to a bounded depth; what fails is passed over.  Returns the number of
 * keys seen. */
static inline size_t visit(struct hive *h, hive_key key, unsigned depth)
{
    struct wtg_err err = { 0 };
    hive_key *child = NULL;
    struct hive_value *v = NULL;
    size_t n = 0, count = 1;
    if (hive_values(h, key, &v, &n, &err) == 0)
        hive_values_free(v, n);
    n = 0;
    if (depth < 16 && hive_children(h, key, &child, &n, &err) < 0)
        n = 0;
    for (size_t i = 0; i < n; i++) {
        char *name = NULL;
        if (hive_key_name(h, child[i], &name, &err) == 0)
            free(name);
        count += visit(h, child[i], depth + 1);
    }
    free(child);
    return count;
}

/* Writes the bytes to a new temporary file; the name goes to `path` (at least 64 bytes). */
static inline bool to_file(struct bytes b, char *path)
{
    snprintf(path, 64, "/tmp/wtg-hive-XXXXXX");
    int fd = mkstemp(path);
    bool good = fd >= 0 && write(fd, b.p, b.n) == (ssize_t)b.n;
    if (fd >= 0)
        close(fd);
    return good;
}

/* What a shell command prints, malloc'ed; NULL when it fails. */
static inline char *output_of(const char *command)
{
    size_t n = 0, cap = 1 << 20;
    char *text = malloc(cap);
    FILE *f = popen(command, "r");
    if (!text || !f)
        return free(text), NULL;
    n = fread(text, 1, cap - 1, f);
    text[n] = '\0';
    if (pclose(f) == 0)
        return text;
    free(text);
    return NULL;
}

static inline bool have(const char *program)
{
    char command[100];
    snprintf(command, sizeof command, "command -v %s >/dev/null 2>&1", program);
    return system(command) == 0;
}

#endif
