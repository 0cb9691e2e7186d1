/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "diagnose/code.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "diagnose/code-bits.h"
#include "diagnose/tables.h"

/* clang-format off */
static const struct family_words {
    const char *slug, *text, *format;
} families[CODE_FAMILIES] = {
    [CODE_BOOT]     = { "boot",     N_("a status of Windows' boot manager"), "0x%08x" },
    [CODE_HRESULT]  = { "hresult",  N_("an HRESULT, as Windows' components return it"), "0x%08X" },
    [CODE_NT]       = { "nt",       N_("an NTSTATUS, as Windows' kernel returns it"), "0x%08X" },
    [CODE_WIN32]    = { "win32",    N_("a Windows error (GetLastError; exit code of DISM)"), "%u" },
    [CODE_SETUPAPI] = { "setupapi", N_("an error of SetupAPI, which installs drivers"), "0x%08X" },
    [CODE_SETUP]    = { "setup",    N_("a result of Windows Setup with an extend code"), "0x%08X" },
    [CODE_BUGCHECK] = { "bugcheck", N_("a stop code, as a blue screen shows it"), "0x%X" },
    [CODE_DEVMGR]   = { "devmgr",   N_("a code of Device Manager"), "%u" },
    [CODE_WIMLIB]   = { "wimlib",   N_("an exit code of wimlib-imagex"), "%u" },
    [CODE_ERRNO]    = { "errno",    N_("an error of Linux (errno)"), "%u" },
    [CODE_RUFUS]    = { "rufus",    N_("an error of Rufus, around a Windows error"), "0x%08X" },
    [CODE_CURL]     = { "curl",     N_("an exit code of curl"), "%u" },
    [CODE_ARIA2]    = { "aria2",    N_("an exit code of aria2"), "%u" },
    [CODE_GPG]      = { "gpg",      N_("an exit code of gpg"), "%u" },
    [CODE_DOWNLOAD] = { "download", N_("a message code of Microsoft's download pages"), "%u" },
};
/* clang-format on */

const char *code_family_slug(enum code_family family)
{
    return families[family].slug;
}

void code_spell(const struct code *c, char buf[WTG_CODE_BYTES])
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* the table above */
    int n = snprintf(buf, WTG_CODE_BYTES, families[c->family].format, c->value);
#pragma GCC diagnostic pop

    if (c->has_extend && n > 0)
        snprintf(buf + n, (size_t)(WTG_CODE_BYTES - n),
                 c->family == CODE_DOWNLOAD ? "-%06u" : "-0x%05X", c->extend);
}

/* The first row of a value; code_names_n when there is none. */
static size_t name_row(enum code_family family, uint32_t value)
{
    size_t from = 0, to = code_names_n;

    while (from < to) {
        size_t mid = from + (to - from) / 2;
        const struct code_name_row *r = &code_names[mid];
        if (r->family < family || (r->family == family && r->value < value))
            from = mid + 1;
        else
            to = mid;
    }
    if (from < code_names_n && code_names[from].family == family && code_names[from].value == value)
        return from;
    return code_names_n;
}

const char *code_name(const struct code *c)
{
    struct code inner;
    size_t i = name_row(c->family == CODE_BOOT ? CODE_NT : c->family, c->value);

    if (c->family == CODE_SETUP)
        i = name_row(CODE_HRESULT, c->value);
    if (i < code_names_n)
        return code_names[i].name;
    return code_inner(c, &inner) ? code_name(&inner) : NULL;
}

bool code_is_named(enum code_family family, uint32_t value)
{
    return name_row(family, value) < code_names_n;
}

/* Like strcmp of PREFIXname with a name of the table, without regard to case. */
static int compare_name(const char *prefix, const char *name, size_t n, size_t by_name)
{
    const char *other = code_names[code_by_name[by_name]].name;
    size_t skip = strlen(prefix);
    int order = strncasecmp(prefix, other, skip);

    if (order == 0)
        order = strncasecmp(name, other + skip, n);
    return order == 0 && other[skip + n] ? -1 : order;
}

static size_t find_name(const char *prefix, const char *name, size_t n, size_t found,
                        struct code ret[CODE_READINGS_MAX])
{
    size_t from = 0, to = code_by_name_n;

    while (from < to) {
        size_t mid = from + (to - from) / 2;
        if (compare_name(prefix, name, n, mid) > 0)
            from = mid + 1;
        else
            to = mid;
    }
    for (; from < code_by_name_n && compare_name(prefix, name, n, from) == 0; from++) {
        const struct code_name_row *r = &code_names[code_by_name[from]];
        if (found < CODE_READINGS_MAX)
            ret[found++] = (struct code){ .family = r->family, .value = r->value };
    }
    return found;
}

size_t code_by_its_name(const char *name, size_t n, struct code ret[CODE_READINGS_MAX])
{
    static const char *const usual[] = { "ERROR_", "STATUS_", "E_", "WIMLIB_ERR_" };
    size_t found = find_name("", name, n, 0, ret);

    if (found > 0 || !memchr(name, '_', n)) /* a word of a sentence is no name */
        return found;
    for (size_t i = 0; i < ARRAY_LEN(usual); i++)
        found = find_name(usual[i], name, n, found, ret);
    return found;
}

static int compare(const struct code *a, const struct code *b)
{
    if (a->family != b->family)
        return a->family < b->family ? -1 : 1;
    if (a->value != b->value)
        return a->value < b->value ? -1 : 1;
    if (a->has_extend != b->has_extend)
        return a->has_extend ? 1 : -1;
    return a->extend == b->extend ? 0 : a->extend < b->extend ? -1 : 1;
}

const struct wtg_code_page *code_page(const struct code *c)
{
    struct code inner;
    size_t from = 0, to = code_page_keys_n;

    while (from < to) {
        size_t mid = from + (to - from) / 2;
        int order = compare(&code_page_keys[mid].code, c);
        if (order == 0)
            return &code_pages[code_page_keys[mid].page];
        if (order < 0)
            from = mid + 1;
        else
            to = mid;
    }
    return code_inner(c, &inner) ? code_page(&inner) : NULL;
}

/* What a code carries inside; every step leads to a simpler family, so it ends. */
bool code_inner(const struct code *c, struct code *ret)
{
    uint32_t low = c->value & 0xffff;

    if (c->family == CODE_SETUP)
        *ret = (struct code){ .family = CODE_HRESULT, .value = c->value };
    else if (c->family == CODE_HRESULT && c->value >> 16 == 0x8007)
        *ret = (struct code){ .family = CODE_WIN32, .value = low };
    else if (c->family == CODE_HRESULT && c->value >> 28 == 0xd)
        *ret = (struct code){ .family = CODE_NT, .value = c->value & ~CODE_NT_BIT };
    else if (c->family == CODE_NT && c->value >> 16 == 0xc007)
        *ret = (struct code){ .family = CODE_WIN32, .value = low };
    else if (c->family == CODE_RUFUS)
        *ret = (struct code){ .family = CODE_WIN32, .value = low };
    else
        return false;
    return true;
}

static struct wtg_code_part part(enum code_part_kind kind, uint32_t value)
{
    for (size_t i = 0; i < code_parts_n; i++)
        if (code_parts[i].kind == kind && code_parts[i].part.value == value)
            return code_parts[i].part;
    return (struct wtg_code_part){ .value = value };
}

bool code_knows_facility(uint32_t facility)
{
    return part(PART_FACILITY, facility).name != NULL;
}

/* [MS-ERREF] 2.1 and 2.3: the same bits, but an HRESULT has one bit of severity, and a facility of
 * 11 bits instead of 12. */
static void read_bits(const struct code *c, struct wtg_reading *ret)
{
    bool nt = c->family == CODE_NT || c->family == CODE_BOOT;
    bool bits32 = nt || c->family == CODE_HRESULT || c->family == CODE_SETUP ||
                  c->family == CODE_SETUPAPI || c->family == CODE_RUFUS;

    if (!bits32)
        return;
    uint32_t severity = nt || c->value >> 30 == 3 ? c->value >> 30 : c->value >> 31 ? 3 : 0;
    ret->has_parts = true;
    ret->severity = part(PART_SEVERITY, severity).text;
    ret->customer = c->value & CODE_CUSTOMER_BIT;
    ret->facility =
        part(nt ? PART_NT_FACILITY : PART_FACILITY, c->value >> 16 & (nt ? 0xfff : 0x7ff));
    ret->number = c->value & 0xffff;
    /* Bits that mean something else there. */
    if (c->family == CODE_SETUPAPI || c->family == CODE_RUFUS)
        ret->facility = (struct wtg_code_part){ .value = ret->facility.value };
}

static void add_alias(struct wtg_reading *ret, enum code_family family, uint32_t value)
{
    struct code c = { .family = family, .value = value };
    struct wtg_code_alias *a = &ret->alias[ret->naliases];

    if (ret->naliases == WTG_ALIASES_MAX)
        return;
    ret->naliases++;
    *a = (struct wtg_code_alias){ .family = code_family_slug(family), .name = code_name(&c) };
    code_spell(&c, a->code);
}

/* HRESULT_FROM_WIN32, HRESULT_FROM_NT and HRESULT_FROM_SETUPAPI, both ways. */
static void read_aliases(const struct code *c, struct wtg_reading *ret)
{
    struct code inner;

    if (code_inner(c, &inner))
        add_alias(ret, inner.family, inner.value);
    if (c->family == CODE_WIN32 && c->value != 0 && c->value <= 0xffff)
        add_alias(ret, CODE_HRESULT, 0x80070000u | c->value);
    if ((c->family == CODE_NT || c->family == CODE_BOOT) && !(c->value & CODE_NT_BIT))
        add_alias(ret, CODE_HRESULT, c->value | CODE_NT_BIT);
    if (c->family == CODE_SETUPAPI)
        add_alias(ret, CODE_HRESULT, 0x800f0000u | (c->value & 0xffff));
    if (c->family == CODE_HRESULT && c->value >> 16 == 0x800f &&
        name_row(CODE_SETUPAPI, 0xe0000000u | (c->value & 0xffff)) < code_names_n)
        add_alias(ret, CODE_SETUPAPI, 0xe0000000u | (c->value & 0xffff));
}

void code_read(const struct code *c, struct wtg_reading *ret)
{
    *ret = (struct wtg_reading){
        .family = families[c->family].slug,
        .family_text = families[c->family].text,
        .name = code_name(c),
        .page = code_page(c),
    };
    code_spell(c, ret->code);
    read_bits(c, ret);
    read_aliases(c, ret);
    if (c->family == CODE_ERRNO)
        ret->libc_text = strerrordesc_np((int)c->value);
    if (c->family == CODE_SETUP && c->has_extend) {
        ret->has_phase = true;
        ret->phase = part(PART_PHASE, c->extend >> 16);
        ret->operation = part(PART_OPERATION, c->extend & 0xffff);
    }
}

int code_explain(const char *text, struct wtg_explanation *ret, struct wtg_err *err)
{
    struct code_readings found;
    int r = code_parse(text, &found, err);

    if (r < 0)
        return r;
    *ret = (struct wtg_explanation){ .nreadings = found.n };
    for (size_t i = 0; i < found.n; i++)
        code_read(&found.code[i], &ret->reading[i]);
    return 0;
}
