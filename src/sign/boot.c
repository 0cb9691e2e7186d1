/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What firmware and boot managers look at beside the signature: security versions. */
#include "sign/sign.h"

#include <stdio.h>
#include <string.h>

#include "base/le.h"
#include "base/mem.h"
#include "sign/pe.h"

bool sign_svn(struct wtg_span file, uint16_t *ret_major, uint16_t *ret_minor)
{
    struct wtg_err err = { 0 };
    struct pe pe;

    if (pe_open(file, &pe, &err) < 0)
        return false;
    const le32 *v = span_at(pe_rcdata(&pe, "BOOTMGRSECURITYVERSIONNUMBER"), 0, sizeof *v);
    if (!v)
        return false;
    *ret_major = (uint16_t)(get_le32(*v) >> 16);
    *ret_minor = (uint16_t)get_le32(*v);
    return true;
}

/* SbatLevel 2025051000, the newest that shim 16.1 carries.  Shim starts nothing below it where that
 * level is set; firmware does not look. */
static const struct {
    const char *component;
    uint32_t generation;
} sbat_level[] = { { "shim", 4 }, { "grub", 5 }, { "grub.proxmox", 2 } };

static uint32_t least_of(const char *component)
{
    for (size_t i = 0; i < ARRAY_LEN(sbat_level); i++)
        if (strcmp(sbat_level[i].component, component) == 0)
            return sbat_level[i].generation;
    return 0;
}

/* "component,generation,..." of one line; false when it is no row. */
static bool sbat_row(const char *s, size_t n, struct wtg_sbat_row *ret)
{
    const char *comma = memchr(s, ',', n);
    struct wtg_sbat_row row = { .generation = 0 };
    size_t len = comma ? (size_t)(comma - s) : 0;

    if (len == 0 || len >= sizeof row.component)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (s[i] <= ' ' || s[i] > '~')
            return false;
        row.component[i] = s[i];
    }
    size_t i = len + 1;
    for (; i < n && s[i] >= '0' && s[i] <= '9' && row.generation < UINT32_MAX / 10 - 1; i++)
        row.generation = row.generation * 10 + (uint32_t)(s[i] - '0');
    if (i == len + 1 || (i < n && s[i] != ','))
        return false;
    row.least = least_of(row.component);
    *ret = row;
    return true;
}

unsigned sign_sbat(struct wtg_span file, struct wtg_sbat_row row[WTG_SBAT_MAX])
{
    struct wtg_err err = { 0 };
    struct pe pe;
    unsigned n = 0;

    if (pe_open(file, &pe, &err) < 0)
        return 0;
    struct wtg_span text = pe_section(&pe, ".sbat");
    while (text.n && text.p[0] && n < WTG_SBAT_MAX) {
        const uint8_t *end = memchr(text.p, '\n', text.n);
        const size_t len = end ? (size_t)(end - text.p) : text.n;
        n += sbat_row((const char *)text.p, len, &row[n]);
        text = span_sub(text, len + (end != NULL), text.n - len - (end != NULL));
    }
    return n;
}
