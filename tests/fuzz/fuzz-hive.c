/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "patch.h"

/* A hive, changed at random places, is checked, read all through, changed and written; then the
 * input is taken for a hive as it is, and for the log of one. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_all(struct hive *h, hive_key key, unsigned depth)
{
    struct wtg_err err = { 0 };
    struct hive_value *v = NULL;
    hive_key *child = NULL;
    char text[64];
    size_t n = 0;
    if (hive_values(h, key, &v, &n, &err) == 0) {
        for (size_t i = 0; i < n; i++)
            hive_decode_text(v[i].data, v[i].len, text, sizeof text);
        hive_values_free(v, n);
    }
    n = 0;
    if (depth == 8 || hive_children(h, key, &child, &n, &err) < 0)
        return;
    for (size_t i = 0; i < n; i++) {
        char *name = NULL;
        if (hive_key_name(h, child[i], &name, &err) == 0)
            free(name);
        read_all(h, child[i], depth + 1);
    }
    free(child);
}

static void change(struct hive *h)
{
    struct wtg_err err = { 0 };
    hive_key key = HIVE_NO_KEY, *child = NULL;
    uint8_t *bytes = NULL;
    size_t n = 0;
    if (hive_children(h, hive_root(h), &child, &n, &err) == 0) {
        for (size_t i = 0; i < n; i++) /* sets values beside whatever is there */
            if (hive_set_dword(h, child[i], "Current", (uint32_t)i, &err) < 0)
                break;
        free(child);
    }
    if (hive_make(h, hive_root(h), "Alpha\\Beta", &key, &err) == 0 &&
        hive_set_text(h, key, "text", HIVE_SZ, "text", &err) == 0 &&
        hive_make(h, hive_root(h), "Alpha\\Zulu", &key, &err) == 0 &&
        hive_set_dword(h, key, "number", 1, &err) == 0 && hive_commit(h, &bytes, &n, &err) == 0)
        free(bytes);
}

/* A hive with subkeys, values inline and in cells. */
static uint8_t *good_hive(size_t *n)
{
    static const char *const list[] = { "one", "two" };
    struct wtg_err err = { 0 };
    struct hive *h = NULL;
    hive_key a = HIVE_NO_KEY, b = HIVE_NO_KEY;
    uint8_t *bytes = NULL;
    if (hive_new("FUZZ", "ROOT", 5, 0, &h, &err) < 0 ||
        hive_make(h, hive_root(h), "Alpha\\Beta\\Gamma", &a, &err) < 0 ||
        hive_make(h, hive_root(h), "Alpha\\Delta", &b, &err) < 0 ||
        hive_set_dword(h, a, "number", 1, &err) < 0 ||
        hive_set_text(h, a, "text", HIVE_SZ, "some text", &err) < 0 ||
        hive_set_list(h, b, "list", list, 2, &err) < 0 || hive_commit(h, &bytes, n, &err) < 0)
        abort();
    hive_free(h);
    return bytes;
}

static void try_hive(struct wtg_span bytes)
{
    struct wtg_err err = { 0 };
    struct hive *h = NULL;
    if (hive_open(bytes, "FUZZ", true, &h, &err) < 0)
        return;
    read_all(h, hive_root(h), 0);
    change(h);
    hive_free(h);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t *good;
    static size_t n;
    struct wtg_err err = { 0 };
    struct wtg_span all = { data, size };
    if (!good)
        good = good_hive(&n);
    uint8_t *bytes = patched(good, n, data, size);
    if (!bytes)
        return 0;
    try_hive((struct wtg_span){ bytes, n });
    free(bytes);
    try_hive(all);
    if (hive_check_log(all, all, "FUZZ", "FUZZ.LOG1", &err) < 0)
        return 0;
    return 0;
}
