/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hive/hive.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "hive/hive-disk.h"

/* libhivex trusts some counts inside a hive and follows some offsets twice.  So every cell that can
 * be reached from the root is visited here first: it must exist, be large enough for what it says
 * it holds, and be used once (security cells are shared by design).  That also ends every loop. */

enum use { NO_CELL, UNUSED, KEY, SUBKEYS, VALUES, VALUE, DATA, BIG_LIST, SECURITY };

static const struct {
    const char *name;
    const char *magic; /* NULL: the record has none, or several */
    size_t min_bytes;
} uses[] = {
    [NO_CELL] = { "nothing", NULL, 0 },
    [UNUSED] = { "nothing", NULL, 0 },
    [KEY] = { "a key", "nk", sizeof(struct hive_key_disk) },
    [SUBKEYS] = { "a list of subkeys", NULL, sizeof(struct hive_list_disk) },
    [VALUES] = { "a list of values", NULL, 0 },
    [VALUE] = { "a value", "vk", sizeof(struct hive_value_disk) },
    [DATA] = { "data", NULL, 0 },
    [BIG_LIST] = { "a list of data segments", NULL, 0 },
    [SECURITY] = { "a security descriptor", "sk", sizeof(struct hive_security_disk) },
};

/* The registry itself allows no more levels (Windows "Registry element size limits"). */
enum { MAX_DEPTH = 512 };

struct walk {
    struct wtg_span bins;
    uint8_t *use; /* enum use of the cell that starts at byte i * HIVE_CELL_STEP */
    struct wtg_err *err;
};

static bool is_cell(const struct walk *w, uint32_t off)
{
    return off % HIVE_CELL_STEP == 0 && off < w->bins.n && w->use[off / HIVE_CELL_STEP] != NO_CELL;
}

/* The record of a cell that is in use and that nothing else refers to. */
static int take(struct walk *w, uint32_t off, enum use use, struct wtg_span *ret)
{
    if (!is_cell(w, off))
        return wtg_fail(w->err, WTG_E_HIVE_DAMAGED, "%s should be at 0x%x, where no cell is",
                        uses[use].name, off);
    uint8_t *now = &w->use[off / HIVE_CELL_STEP];
    if (*now != UNUSED && !(use == SECURITY && *now == SECURITY))
        return wtg_fail(w->err, WTG_E_HIVE_DAMAGED, "the cell at 0x%x is %s and also %s", off,
                        uses[*now].name, uses[use].name);
    uint32_t size = 0 - le32_at(w->bins.p + off);
    struct wtg_span record = span_sub(w->bins, (uint64_t)off + 4, size - 4);
    if (record.n < uses[use].min_bytes)
        return wtg_fail(w->err, WTG_E_HIVE_DAMAGED, "the cell at 0x%x has no room for %s", off,
                        uses[use].name);
    if (uses[use].magic && memcmp(record.p, uses[use].magic, 2) != 0)
        return wtg_fail(w->err, WTG_E_HIVE_DAMAGED, "the cell at 0x%x is not %s ('%s')", off,
                        uses[use].name, uses[use].magic);
    *now = (uint8_t)use;
    *ret = record;
    return 0;
}

static int check_big_data(struct walk *w, struct wtg_span record, uint32_t off)
{
    const struct hive_big_disk *big = span_at(record, 0, sizeof *big);
    if (!big || memcmp(big->magic, "db", 2) != 0)
        return 0; /* longer than its cell: seen in the wild; libhivex refuses to read it */
    struct wtg_span list;
    int r = take(w, get_le32(big->list), BIG_LIST, &list);
    if (r < 0)
        return r;
    size_t n = get_le16(big->count);
    if (n * 4 > list.n)
        return wtg_fail(w->err, WTG_E_HIVE_DAMAGED,
                        "the data at 0x%x has %zu segments, its list has room for %zu", off, n,
                        list.n / 4);
    for (size_t i = 0; i < n; i++) {
        struct wtg_span segment;
        r = take(w, le32_at(list.p + i * 4), DATA, &segment);
        if (r < 0)
            return r;
    }
    return 0;
}

static int check_value(struct walk *w, uint32_t off)
{
    struct wtg_span record, data;
    int r = take(w, off, VALUE, &record);
    if (r < 0)
        return r;
    const struct hive_value_disk *v = (const void *)record.p;
    if (!span_at(record, sizeof *v, get_le16(v->name_len)))
        return wtg_fail(w->err, WTG_E_HIVE_DAMAGED, "the value at 0x%x is shorter than its name",
                        off);
    uint32_t len = get_le32(v->data_len), at = get_le32(v->data);
    if (len & HIVE_INLINE)
        return (len & ~HIVE_INLINE) <= 4 ? 0
                                         : wtg_fail(w->err, WTG_E_HIVE_DAMAGED,
                                                    "the value at 0x%x holds %u bytes where 4 fit",
                                                    off, len & ~HIVE_INLINE);
    if (len == 0 && !is_cell(w, at))
        return 0;
    r = take(w, at, DATA, &data);
    if (r < 0 || len <= data.n)
        return r;
    return check_big_data(w, data, at);
}

static int check_values(struct walk *w, uint32_t off, uint32_t n)
{
    struct wtg_span list;
    int r = take(w, off, VALUES, &list);
    if (r < 0)
        return r;
    if (n > list.n / 4)
        return wtg_fail(w->err, WTG_E_HIVE_DAMAGED,
                        "the list at 0x%x has room for %zu values, not for %u", off, list.n / 4, n);
    for (uint32_t i = 0; i < n; i++) {
        r = check_value(w, le32_at(list.p + (size_t)i * 4));
        if (r < 0)
            return r;
    }
    return 0;
}

static int check_key(struct walk *w, uint32_t off, unsigned depth);

/* Walks a list of keys, or (`may_nest`) a list of such lists, and counts the keys. */
static int check_subkeys(struct walk *w, uint32_t off, bool may_nest, unsigned depth,
                         uint32_t *count)
{
    struct wtg_span record;
    int r = take(w, off, SUBKEYS, &record);
    if (r < 0)
        return r;
    const struct hive_list_disk *list = (const void *)record.p;
    bool hashed = memcmp(list->magic, "lf", 2) == 0 || memcmp(list->magic, "lh", 2) == 0;
    bool nests = may_nest && memcmp(list->magic, "ri", 2) == 0;
    if (!hashed && !nests && memcmp(list->magic, "li", 2) != 0)
        return wtg_fail(w->err, WTG_E_HIVE_DAMAGED, "the cell at 0x%x is not %s", off,
                        uses[SUBKEYS].name);
    size_t n = get_le16(list->count), step = hashed ? 8 : 4;
    if (!span_at(record, sizeof *list, n * step))
        return wtg_fail(w->err, WTG_E_HIVE_DAMAGED, "the list at 0x%x has no room for %zu subkeys",
                        off, n);
    for (size_t i = 0; i < n; i++) {
        uint32_t at = le32_at(record.p + sizeof *list + i * step);
        r = nests ? check_subkeys(w, at, false, depth, count) : check_key(w, at, depth);
        if (r < 0)
            return r;
        *count += !nests;
    }
    return 0;
}

static int check_key(struct walk *w, uint32_t off, unsigned depth)
{
    struct wtg_span record, security;
    if (depth > MAX_DEPTH)
        return wtg_fail(w->err, WTG_E_HIVE_DAMAGED, "keys are nested more than %d deep", MAX_DEPTH);
    int r = take(w, off, KEY, &record);
    if (r < 0)
        return r;
    const struct hive_key_disk *k = (const void *)record.p;
    if (!span_at(record, sizeof *k, get_le16(k->name_len)))
        return wtg_fail(w->err, WTG_E_HIVE_DAMAGED, "the key at 0x%x is shorter than its name",
                        off);
    r = take(w, get_le32(k->security), SECURITY, &security);
    if (r == 0 && get_le32(k->nvalues) > 0)
        r = check_values(w, get_le32(k->values), get_le32(k->nvalues));
    if (r < 0 || get_le32(k->nsubkeys) == 0)
        return r;
    uint32_t count = 0;
    r = check_subkeys(w, get_le32(k->subkeys), true, depth + 1, &count);
    if (r == 0 && count != get_le32(k->nsubkeys))
        return wtg_fail(w->err, WTG_E_HIVE_DAMAGED, "the key at 0x%x has %u subkeys and counts %u",
                        off, count, get_le32(k->nsubkeys));
    return r;
}

/* Marks the cells in use of one bin. */
static int find_cells(struct walk *w, size_t bin, size_t end)
{
    for (size_t at = bin + sizeof(struct hive_bin_disk); at < end;) {
        uint32_t word = le32_at(w->bins.p + at);
        bool used = word >> 31;
        uint32_t size = used ? 0 - word : word;
        if (size < HIVE_CELL_STEP || size % HIVE_CELL_STEP || size > end - at)
            return wtg_fail(w->err, WTG_E_HIVE_DAMAGED, "the cell at 0x%zx has a size of %u bytes",
                            at, size);
        w->use[at / HIVE_CELL_STEP] = used ? UNUSED : NO_CELL;
        at += size;
    }
    return 0;
}

static int find_bins(struct walk *w)
{
    for (size_t at = 0; at < w->bins.n;) {
        const struct hive_bin_disk *bin = span_at(w->bins, at, sizeof *bin);
        if (!bin || memcmp(bin->magic, "hbin", 4) != 0)
            return wtg_fail(w->err, WTG_E_HIVE_DAMAGED, "no bin ('hbin') at 0x%zx", at);
        size_t size = get_le32(bin->size);
        if (get_le32(bin->offset) != at || size == 0 || size % HIVE_BIN_STEP ||
            size > w->bins.n - at)
            return wtg_fail(w->err, WTG_E_HIVE_DAMAGED,
                            "the bin at 0x%zx says that it is at 0x%x and has %zu bytes", at,
                            get_le32(bin->offset), size);
        int r = find_cells(w, at, at + size);
        if (r < 0)
            return r;
        at += size;
    }
    return 0;
}

uint32_t hive_checksum(const uint8_t *base)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < HIVE_SUMMED; i += 4)
        sum ^= le32_at(base + i);
    return sum;
}

static int check_base(struct wtg_span bytes, struct wtg_span *ret_bins, struct wtg_err *err)
{
    const struct hive_base_disk *b = span_at(bytes, 0, sizeof *b);
    if (!b || memcmp(b->magic, "regf", 4) != 0)
        return wtg_fail(err, WTG_E_HIVE_DAMAGED, "it is no hive (no 'regf' at its start)");
    if (bytes.n > HIVE_MAX_BYTES)
        return wtg_fail(err, WTG_E_UNSUPPORTED, "it has %zu bytes, more than the %zu that fit",
                        bytes.n, HIVE_MAX_BYTES);
    uint32_t sum = hive_checksum(bytes.p);
    if (get_le32(b->checksum) != sum)
        return wtg_fail(err, WTG_E_HIVE_DAMAGED, "the checksum of its head is 0x%08x, not 0x%08x",
                        get_le32(b->checksum), sum);
    if (get_le32(b->major) != 1 || get_le32(b->minor) > 5 || get_le32(b->type) != 0 ||
        get_le32(b->format) != 1)
        return wtg_fail(err, WTG_E_UNSUPPORTED, "version %u.%u, type %u, format %u are not known",
                        get_le32(b->major), get_le32(b->minor), get_le32(b->type),
                        get_le32(b->format));
    uint32_t one = get_le32(b->sequence1), two = get_le32(b->sequence2);
    if (one != two) {
        wtg_fail(err, WTG_E_HIVE_DIRTY,
                 "it was not closed cleanly: its sequence numbers are %u and %u", one, two);
        return wtg_hint(err, "Windows mends such a hive from its logs when it starts; take an "
                             "image that was captured after a clean shutdown");
    }
    *ret_bins = span_sub(bytes, HIVE_BINS_AT, get_le32(b->bins_bytes));
    if (ret_bins->n < HIVE_BIN_STEP || ret_bins->n % HIVE_BIN_STEP)
        return wtg_fail(err, WTG_E_HIVE_DAMAGED, "of its %zu bytes, %u should be bins", bytes.n,
                        get_le32(b->bins_bytes));
    return 0;
}

int hive_check(struct wtg_span bytes, const char *name, struct wtg_err *err)
{
    struct walk w = { .err = err };
    int r = check_base(bytes, &w.bins, err);
    if (r < 0)
        return wtg_because(err, "registry hive '%s'", name);
    AUTO_FREE uint8_t *use = mem_zeroed(w.bins.n / HIVE_CELL_STEP, 1, err);
    if (!use)
        return err->code;
    w.use = use;
    r = find_bins(&w);
    if (r == 0)
        r = check_key(&w, get_le32(((const struct hive_base_disk *)(const void *)bytes.p)->root),
                      1);
    return r < 0 ? wtg_because(err, "registry hive '%s'", name) : 0;
}
