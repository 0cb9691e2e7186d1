/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf16.h"
#include "image/image.h"
#include "tree/names.h"

/* Which of several images is meant. */

const char *image_arch_name(int arch)
{
    switch (arch) {
    case IMAGE_ARCH_X86:
        return "x86";
    case IMAGE_ARCH_ARM:
        return "arm";
    case IMAGE_ARCH_IA64:
        return "ia64";
    case IMAGE_ARCH_X64:
        return "x64";
    case IMAGE_ARCH_ARM64:
        return "arm64";
    default:
        return "unknown";
    }
}

static const char *title(const struct image_info *info)
{
    return *info->display_name ? info->display_name : *info->name ? info->name : "(no name)";
}

/* "1 'Windows 11 Home' (Core), 6 'Windows 11 Pro' (Professional)", as many as fit. */
static int list_images(const struct image_info *info, size_t n, struct wtg_err *err)
{
    char list[300] = "";
    size_t at = 0, i = 0;

    for (; i < n; i++) {
        char one[160];
        const char *id = *info[i].edition_id ? info[i].edition_id : info[i].flags;
        int len = snprintf(one, sizeof one, "%s%u '%s'%s%s%s", i ? ", " : "", info[i].index,
                           title(&info[i]), *id ? " (" : "", id, *id ? ")" : "");
        if (len < 0 || (size_t)len >= sizeof one || at + (size_t)len >= sizeof list)
            break;
        memcpy(list + at, one, (size_t)len + 1);
        at += (size_t)len;
    }
    return wtg_hint(err, "choose with --index or --edition: %s%s", list, i < n ? ", ..." : "");
}

/* Equal without case, as Windows sees it? 1, 0, or an error. */
static int same_text(const char *a, const char *b, struct wtg_err *err)
{
    AUTO_FREE uint16_t *ua = NULL, *ub = NULL;
    size_t na = 0, nb = 0;

    int r = utf16_from_utf8(a, &ua, &na, err);
    if (r == 0)
        r = utf16_from_utf8(b, &ub, &nb, err);
    return r < 0 ? r : na > 0 && names_same(ua, na, ub, nb);
}

static int by_index(const struct image_info *info, size_t n, uint64_t index, uint32_t *ret,
                    struct wtg_err *err)
{
    if (index >= 1 && index <= n) {
        *ret = (uint32_t)index;
        return 0;
    }
    wtg_fail(err, WTG_E_IMAGE_INDEX, "there is no image %" PRIu64 ", the file holds %zu", index, n);
    return list_images(info, n, err);
}

static int by_edition(const struct image_info *info, size_t n, const char *edition, uint32_t *ret,
                      struct wtg_err *err)
{
    static const size_t fields[] = { offsetof(struct image_info, edition_id),
                                     offsetof(struct image_info, flags),
                                     offsetof(struct image_info, name),
                                     offsetof(struct image_info, display_name) };

    for (size_t f = 0; f < ARRAY_LEN(fields); f++) {
        size_t matches = 0;
        uint32_t found = 0;
        for (size_t i = 0; i < n; i++) {
            const char *text;
            memcpy(&text, (const char *)&info[i] + fields[f], sizeof text);
            int same = same_text(text, edition, err);
            if (same < 0)
                return same;
            if (same) {
                found = info[i].index;
                matches++;
            }
        }
        if (matches == 1) {
            *ret = found;
            return 0;
        }
        if (matches > 1) {
            wtg_fail(err, WTG_E_IMAGE_CHOICE, "%zu images are called '%s'", matches, edition);
            return list_images(info, n, err);
        }
    }
    wtg_fail(err, WTG_E_IMAGE_INDEX, "there is no edition '%s' among the %zu of the file", edition,
             n);
    return list_images(info, n, err);
}

int image_select(const struct image *i, uint32_t index, const char *edition, uint32_t *ret,
                 struct wtg_err *err)
{
    size_t n = 0;
    const struct image_info *info = image_infos(i, &n);

    if (n == 0)
        return wtg_fail(err, WTG_E_IMAGE_INDEX, "the file holds no image, only content for others");
    if (index != 0)
        return by_index(info, n, index, ret, err);
    if (edition && strspn(edition, "0123456789") == strlen(edition) && *edition)
        return by_index(info, n, strtoull(edition, NULL, 10), ret, err);
    if (edition)
        return by_edition(info, n, edition, ret, err);
    if (n > 1) {
        wtg_fail(err, WTG_E_IMAGE_CHOICE, "the file holds %zu images", n);
        return list_images(info, n, err);
    }
    *ret = 1;
    return 0;
}
