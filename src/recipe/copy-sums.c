/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recipe/copy-priv.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

/* What SHA-256 an image should have: said by the person, or by a checksum file beside it. */

enum { SUMS_MAX_BYTES = 4 << 20 }; /* about 40,000 lines */

/* Is the name, which may have a path before it, that of the image, packed or not? */
static bool is_name(const char *name, size_t n, const char *image, const char *suffix)
{
    const char *base = strrchr(image, '/') ? strrchr(image, '/') + 1 : image;
    size_t len = strlen(base), cut = strlen(suffix);

    for (size_t i = n; i > 0; i--)
        if (name[i - 1] == '/') {
            name += i;
            n -= i;
            break;
        }
    if (n == len && memcmp(name, base, n) == 0)
        return true;
    return cut && len > cut && strcasecmp(base + len - cut, suffix) == 0 && n == len - cut &&
           memcmp(name, base, n) == 0;
}

/* "HEX  NAME", "HEX *NAME" (GNU), "SHA256 (NAME) = HEX" (BSD), or only "HEX" where `bare` allows
 * that.  True when the line is about the image. */
static bool parse_line(const char *s, size_t n, bool bare, const struct copy *c, uint8_t *ret)
{
    const size_t digits = 2 * (size_t)SHA256_BYTES;
    const char *suffix = raw_info(c->raw)->suffix;

    while (n > 0 && strchr(" \t\r", s[n - 1]))
        n--;
    if (n > 8 && memcmp(s, "SHA256 (", 8) == 0) {
        if (n < 8 + 4 + digits || memcmp(s + n - digits - 4, ") = ", 4) != 0)
            return false;
        return is_name(s + 8, n - 8 - 4 - digits, c->opts.image, suffix) &&
               hash_unhex(s + n - digits, SHA256_BYTES, ret);
    }
    if (n < digits || !hash_unhex(s, SHA256_BYTES, ret))
        return false;
    if (n == digits)
        return bare;
    if (n < digits + 3 || s[digits] != ' ' || (s[digits + 1] != ' ' && s[digits + 1] != '*'))
        return false;
    return is_name(s + digits + 2, n - digits - 2, c->opts.image, suffix);
}

static bool parse_sums(const char *text, bool bare, const struct copy *c, uint8_t *ret)
{
    uint8_t sum[SHA256_BYTES];

    for (const char *s = text; *s;) {
        size_t n = strcspn(s, "\n");
        if (parse_line(s, n, bare, c, sum)) {
            memcpy(ret, sum, sizeof sum);
            return true;
        }
        s += n + (s[n] == '\n');
    }
    return false;
}

int copy_beside(const char *image, size_t drop, const char *add, char **ret, struct wtg_err *err)
{
    AUTO_FREE char *path = NULL;

    if (asprintf(&path, "%.*s%s", (int)(strlen(image) - drop), image, add) < 0) {
        path = NULL;
        return wtg_fail_nomem(err);
    }
    *ret = access(path, F_OK) == 0 ? TAKE_PTR(path) : NULL;
    return 0;
}

static int read_text(const char *path, char **ret, struct wtg_err *err)
{
    struct blk *b = NULL;
    AUTO_FREE char *text = NULL;
    int r = blk_open(path, &b, err);

    if (r < 0)
        return r;
    size_t n = (size_t)b->size;
    if (b->size > SUMS_MAX_BYTES)
        r = wtg_fail(err, WTG_E_UNSUPPORTED, "'%s' is too long for a checksum file", path);
    else if (!(text = mem_zeroed(n + 1, 1, err)))
        r = err->code;
    else
        r = blk_read(b, 0, text, n, err);
    blk_free(b);
    if (r == 0)
        *ret = TAKE_PTR(text);
    return r;
}

/* clang-format off */
static const struct {
    const char *name; /* behind the image's name, or in its folder */
    bool in_folder;
} places[] = {
    { ".sha256",        false },
    { ".sha256sum",     false },
    { "SHA256SUMS",     true  },
    { "SHA256SUMS.txt", true  },
    { "sha256sums.txt", true  },
    { "sha256sum.txt",  true  },
};
/* clang-format on */

static int try_place(struct copy *c, size_t i, const char **note, struct wtg_err *err)
{
    const char *image = c->opts.image, *slash = strrchr(image, '/');
    size_t folder = slash ? (size_t)(slash - image) + 1 : 0;
    AUTO_FREE char *path = NULL, *text = NULL;

    int r = copy_beside(image, places[i].in_folder ? strlen(image) - folder : 0, places[i].name,
                        &path, err);
    if (r < 0 || !path)
        return r;
    r = read_text(path, &text, err);
    if (r < 0)
        return r;
    c->has_want = parse_sums(text, !places[i].in_folder, c, c->want);
    if (c->has_want)
        c->sums_path = TAKE_PTR(path);
    else if (!places[i].in_folder)
        *note = "the checksum file beside the image says nothing about it";
    return 0;
}

int copy_find_sum(struct copy *c, const char **note, struct wtg_err *err)
{
    const char *given = c->opts.sha256;
    int r = 0;

    if (given) {
        c->has_want =
            strlen(given) == 2 * (size_t)SHA256_BYTES && hash_unhex(given, SHA256_BYTES, c->want);
        return c->has_want
                   ? 0
                   : wtg_fail(err, WTG_E_USAGE,
                              "'%.80s' is no SHA-256, which has 64 hexadecimal digits", given);
    }
    for (size_t i = 0; r == 0 && !c->has_want && i < ARRAY_LEN(places); i++)
        r = try_place(c, i, note, err);
    return r;
}
