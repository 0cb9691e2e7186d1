/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <archive.h>
#include <archive_entry.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "fetch/catalog.h"

enum {
    XML_MAX_BYTES = 64 << 20, /* Microsoft's have 4 MB */
    ENTRIES_MAX = 64,         /* theirs have one */
};

static bool is_xml(const char *name)
{
    size_t n = name ? strlen(name) : 0;

    return n > 4 && strcasecmp(name + n - 4, ".xml") == 0;
}

static int broken(struct archive *a, struct wtg_err *err)
{
    const char *why = archive_error_string(a);

    return wtg_fail(err, WTG_E_IMAGE_FORMAT, "the cabinet cannot be read: %.200s",
                    why ? why : "damaged");
}

/* The bytes of the entry that was reached; its size in the head may be a lie. */
static int read_entry(struct archive *a, char **ret, size_t *ret_n, struct wtg_err *err)
{
    AUTO_FREE char *text = NULL;
    size_t n = 0, cap = 0;

    for (;;) {
        if (cap - n < 65536) {
            cap = cap ? 2 * cap : 1 << 20;
            char *more = realloc(text, cap);
            if (!more)
                return wtg_fail_nomem(err);
            text = more;
        }
        la_ssize_t got = archive_read_data(a, text + n, cap - n - 1);
        if (got < 0)
            return broken(a, err);
        if (got == 0)
            break;
        n += (size_t)got;
        if (n > XML_MAX_BYTES)
            return wtg_fail(err, WTG_E_IMAGE_FORMAT, "the list in the cabinet is too long");
    }
    text[n] = '\0';
    *ret = TAKE_PTR(text);
    *ret_n = n;
    return 0;
}

static int find_xml(struct archive *a, char **ret, size_t *ret_n, struct wtg_err *err)
{
    struct archive_entry *entry;

    for (unsigned i = 0; i < ENTRIES_MAX; i++) {
        int r = archive_read_next_header(a, &entry);
        if (r == ARCHIVE_EOF)
            break;
        if (r < ARCHIVE_WARN)
            return broken(a, err);
        if (is_xml(archive_entry_pathname(entry)))
            return read_entry(a, ret, ret_n, err);
    }
    return wtg_fail(err, WTG_E_IMAGE_FORMAT, "the cabinet holds no list (*.xml)");
}

int catalog_unpack(struct wtg_span cab, char **ret, size_t *ret_n, struct wtg_err *err)
{
    struct archive *a = archive_read_new();

    if (!a)
        return wtg_fail_nomem(err);
    int r = archive_read_support_format_cab(a) != ARCHIVE_OK ||
                    archive_read_open_memory(a, cab.p, cab.n) != ARCHIVE_OK
                ? broken(a, err)
                : find_xml(a, ret, ret_n, err);
    archive_read_free(a);
    return r;
}
