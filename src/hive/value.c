/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hive/hive.h"

#include <string.h>

#include "base/le.h"
#include "base/mem.h"
#include "base/utf16.h"

int hive_encode_text(const char *const *text, size_t n, enum hive_reg type, uint8_t **ret,
                     size_t *ret_n, struct wtg_err *err)
{
    AUTO_FREE uint8_t *data = NULL;
    size_t len = 0, end = type == HIVE_MULTI_SZ ? 2 : 0;
    for (size_t i = 0; i < n; i++) {
        AUTO_FREE uint16_t *unit = NULL;
        size_t units = 0;
        int r = utf16_from_utf8(text[i], &unit, &units, err);
        if (r < 0)
            return r;
        uint8_t *more = realloc(data, len + units * 2 + 2 + end);
        if (!more)
            return wtg_fail_nomem(err);
        data = more;
        for (size_t k = 0; k < units; k++)
            put_le16(data + len + 2 * k, unit[k]);
        put_le16(data + len + 2 * units, 0);
        len += units * 2 + 2;
    }
    if (!data && !(data = mem_zeroed(1, 2, err)))
        return err->code;
    if (end)
        put_le16(data + len, 0);
    *ret = TAKE_PTR(data);
    *ret_n = len + end;
    return 0;
}

size_t hive_decode_text(const uint8_t *data, size_t len, char *buf, size_t cap)
{
    /* converted in pieces of one code point, so that nothing needs to be allocated */
    size_t used = 0, out = 0;
    buf[0] = '\0';
    while (used + 2 <= len) {
        uint16_t unit[2] = { le16_at(data + used), 0 };
        if (unit[0] == 0)
            return used + 2;
        size_t n = 1;
        if (unit[0] >= 0xd800 && unit[0] < 0xdc00 && used + 4 <= len) {
            unit[1] = le16_at(data + used + 2);
            n = unit[1] >= 0xdc00 && unit[1] < 0xe000 ? 2 : 1;
        }
        used += 2 * n;
        if (out + UTF16_MAX_UTF8(n) <= cap)
            out += utf16_to_utf8(unit, n, buf + out, cap - out);
        else
            cap = 0; /* what follows does not fit either */
    }
    return len;
}

int hive_set_dword(struct hive *h, hive_key key, const char *name, uint32_t v, struct wtg_err *err)
{
    uint8_t data[4];
    put_le32(data, v);
    return hive_set(h, key, name, HIVE_DWORD, data, sizeof data, err);
}

int hive_set_text(struct hive *h, hive_key key, const char *name, enum hive_reg type,
                  const char *text, struct wtg_err *err)
{
    AUTO_FREE uint8_t *data = NULL;
    size_t n = 0;
    int r = hive_encode_text(&text, 1, type, &data, &n, err);
    return r < 0 ? r : hive_set(h, key, name, type, data, n, err);
}

int hive_set_list(struct hive *h, hive_key key, const char *name, const char *const *text, size_t n,
                  struct wtg_err *err)
{
    AUTO_FREE uint8_t *data = NULL;
    size_t len = 0;
    int r = hive_encode_text(text, n, HIVE_MULTI_SZ, &data, &len, err);
    return r < 0 ? r : hive_set(h, key, name, HIVE_MULTI_SZ, data, len, err);
}
