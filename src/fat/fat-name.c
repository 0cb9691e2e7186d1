/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fat/fat-name.h"

#include <stdio.h>
#include <string.h>

bool fat_name_valid(const uint16_t *name, size_t n)
{
    if (n == 0 || n > FAT_NAME_MAX || name[n - 1] == ' ' || name[n - 1] == '.')
        return false;
    for (size_t i = 0; i < n; i++)
        if (name[i] < 0x20 || (name[i] < 0x80 && strchr("\"*/:<>?\\|", name[i])))
            return false;
    return true;
}

/* A character as a short name holds it; sets *ret_fit when that is not quite the same. */
static uint8_t short_char(uint16_t c, enum fat_short_fit *ret_fit)
{
    if (c >= 'a' && c <= 'z') {
        if (*ret_fit == FAT_SHORT_IS_NAME)
            *ret_fit = FAT_SHORT_FITS;
        return (uint8_t)(c - 'a' + 'A');
    }
    if (c > 0x20 && c < 0x7f && !strchr("\"*+,./:;<=>?[\\]|", c))
        return (uint8_t)c;
    *ret_fit = FAT_SHORT_CUT;
    return '_';
}

/* Puts name[from..to) into `ret`, leaving out spaces and dots, as Windows does. */
static void short_part(const uint16_t *name, size_t from, size_t to, uint8_t *ret, size_t cap,
                       enum fat_short_fit *ret_fit)
{
    size_t at = 0;

    for (size_t i = from; i < to; i++) {
        if (name[i] == ' ' || name[i] == '.' || at == cap) {
            *ret_fit = FAT_SHORT_CUT;
            continue;
        }
        ret[at++] = short_char(name[i], ret_fit);
    }
}

enum fat_short_fit fat_short_make(const uint16_t *name, size_t n, uint8_t ret[FAT_SHORT_BYTES])
{
    enum fat_short_fit fit = FAT_SHORT_IS_NAME;
    size_t start = 0, dot = n;

    while (start < n && name[start] == '.')
        start++;
    for (size_t i = start; i < n; i++)
        if (name[i] == '.')
            dot = i;
    memset(ret, ' ', FAT_SHORT_BYTES);
    if (start > 0)
        fit = FAT_SHORT_CUT;
    short_part(name, start, dot, ret, 8, &fit);
    if (dot < n)
        short_part(name, dot + 1, n, ret + 8, 3, &fit);
    if (ret[0] == ' ') { /* nothing but spaces before the dot */
        ret[0] = '_';
        fit = FAT_SHORT_CUT;
    }
    return fit;
}

void fat_short_number(uint8_t name[FAT_SHORT_BYTES], unsigned number)
{
    char tail[8];
    size_t n = (size_t)snprintf(tail, sizeof tail, "~%u", number % 1000000), stem = 8;

    while (stem > 0 && name[stem - 1] == ' ')
        stem--;
    if (stem > 8 - n)
        stem = 8 - n;
    memcpy(name + stem, tail, n);
}

uint8_t fat_short_checksum(const uint8_t name[FAT_SHORT_BYTES])
{
    uint8_t sum = 0;

    for (size_t i = 0; i < FAT_SHORT_BYTES; i++)
        sum = (uint8_t)((uint8_t)(sum << 7 | sum >> 1) + name[i]);
    return sum;
}

/* Code page 437, 0x80 to 0xff.  Source: the Unicode consortium's mapping of IBM code page 437. */
/* clang-format off */
static const uint16_t cp437[128] = {
    0x00c7, 0x00fc, 0x00e9, 0x00e2, 0x00e4, 0x00e0, 0x00e5, 0x00e7, 0x00ea, 0x00eb, 0x00e8, 0x00ef,
    0x00ee, 0x00ec, 0x00c4, 0x00c5, 0x00c9, 0x00e6, 0x00c6, 0x00f4, 0x00f6, 0x00f2, 0x00fb, 0x00f9,
    0x00ff, 0x00d6, 0x00dc, 0x00a2, 0x00a3, 0x00a5, 0x20a7, 0x0192, 0x00e1, 0x00ed, 0x00f3, 0x00fa,
    0x00f1, 0x00d1, 0x00aa, 0x00ba, 0x00bf, 0x2310, 0x00ac, 0x00bd, 0x00bc, 0x00a1, 0x00ab, 0x00bb,
    0x2591, 0x2592, 0x2593, 0x2502, 0x2524, 0x2561, 0x2562, 0x2556, 0x2555, 0x2563, 0x2551, 0x2557,
    0x255d, 0x255c, 0x255b, 0x2510, 0x2514, 0x2534, 0x252c, 0x251c, 0x2500, 0x253c, 0x255e, 0x255f,
    0x255a, 0x2554, 0x2569, 0x2566, 0x2560, 0x2550, 0x256c, 0x2567, 0x2568, 0x2564, 0x2565, 0x2559,
    0x2558, 0x2552, 0x2553, 0x256b, 0x256a, 0x2518, 0x250c, 0x2588, 0x2584, 0x258c, 0x2590, 0x2580,
    0x03b1, 0x00df, 0x0393, 0x03c0, 0x03a3, 0x03c3, 0x00b5, 0x03c4, 0x03a6, 0x0398, 0x03a9, 0x03b4,
    0x221e, 0x03c6, 0x03b5, 0x2229, 0x2261, 0x00b1, 0x2265, 0x2264, 0x2320, 0x2321, 0x00f7, 0x2248,
    0x00b0, 0x2219, 0x00b7, 0x221a, 0x207f, 0x00b2, 0x25a0, 0x00a0,
};
/* clang-format on */

static uint16_t oem_unit(uint8_t c, bool small)
{
    if (small && c >= 'A' && c <= 'Z')
        return (uint16_t)(c - 'A' + 'a');
    return c < 0x80 ? c : cp437[c - 0x80];
}

size_t fat_short_text(const struct fat_dirent_disk *d, bool use_case_bits, uint16_t ret[12])
{
    uint8_t bits = use_case_bits ? d->case_bits : 0;
    size_t base = 8, ext = 3, at = 0;

    while (base > 0 && d->name[base - 1] == ' ')
        base--;
    while (ext > 0 && d->name[8 + ext - 1] == ' ')
        ext--;
    if (base == 0)
        return 0;
    for (size_t i = 0; i < base; i++) {
        uint8_t c = i == 0 && d->name[0] == FAT_NAME_IS_E5 ? 0xe5 : d->name[i];
        ret[at++] = oem_unit(c, bits & FAT_CASE_BASE);
    }
    if (ext > 0)
        ret[at++] = '.';
    for (size_t i = 0; i < ext; i++)
        ret[at++] = oem_unit(d->name[8 + i], bits & FAT_CASE_EXT);
    for (size_t i = 0; i < at; i++)
        if (ret[i] < 0x20)
            return 0;
    return at;
}

static uint8_t *lfn_unit(struct fat_lfn_disk *e, size_t i)
{
    if (i < 5)
        return e->name1 + 2 * i;
    return i < 11 ? e->name2 + 2 * (i - 5) : e->name3 + 2 * (i - 11);
}

void fat_lfn_put(struct fat_lfn_disk *e, const uint16_t *name, size_t n, size_t part)
{
    for (size_t i = 0; i < FAT_LFN_UNITS; i++) {
        size_t at = part * FAT_LFN_UNITS + i;
        put_le16(lfn_unit(e, i), at < n ? name[at] : at == n ? 0 : 0xffff);
    }
}

void fat_lfn_get(const struct fat_lfn_disk *e, uint16_t ret[FAT_LFN_UNITS])
{
    struct fat_lfn_disk copy = *e;

    for (size_t i = 0; i < FAT_LFN_UNITS; i++)
        ret[i] = le16_at(lfn_unit(&copy, i));
}

/* Days from 1980-01-01 to the first of a month, by the rule of the Gregorian calendar, which from
 * 1980 to 2107 has one exception: 2100. */
static unsigned days_before_year(unsigned year)
{
    unsigned n = year - 1980;
    return n * 365 + (n + 3) / 4 - (year > 2100);
}

static unsigned month_days(unsigned year, unsigned month)
{
    static const uint8_t days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    return days[month - 1] + (unsigned)(month == 2 && year % 4 == 0 && year != 2100);
}

/* clang-format off */
#define TICKS_10MS       UINT64_C(100000)                /* of 100 ns */
#define TICKS_DAY        (UINT64_C(86400) * 10000000)
#define DAYS_1601_1980   UINT64_C(138426)
/* clang-format on */

struct fat_time fat_time_from(uint64_t time)
{
    const uint64_t first = DAYS_1601_1980 * TICKS_DAY;
    const uint64_t end = first + days_before_year(2108) * TICKS_DAY;
    uint64_t in = time < first ? 0 : (time >= end ? end - 1 : time) - first;
    unsigned day = (unsigned)(in / TICKS_DAY), tens = (unsigned)(in % TICKS_DAY / TICKS_10MS);
    unsigned year = 1980, month = 1, second = tens / 100;

    while (year < 2107 && days_before_year(year + 1) <= day)
        year++;
    day -= days_before_year(year);
    for (; day >= month_days(year, month); month++)
        day -= month_days(year, month);
    return (struct fat_time){
        .date = (uint16_t)((year - 1980) << 9 | month << 5 | (day + 1)),
        .time = (uint16_t)(second / 3600 << 11 | second / 60 % 60 << 5 | second % 60 / 2),
        .tens = (uint8_t)(tens % 200),
    };
}

uint64_t fat_time_to(struct fat_time t)
{
    unsigned year = 1980 + (t.date >> 9), month = t.date >> 5 & 15, day = t.date & 31;
    unsigned hour = t.time >> 11, minute = t.time >> 5 & 63, second = (t.time & 31) * 2;

    if (month < 1 || month > 12 || day < 1 || day > month_days(year, month) || hour > 23 ||
        minute > 59 || second > 59 || t.tens > 199)
        return 0;
    uint64_t days = DAYS_1601_1980 + days_before_year(year) + day - 1;
    for (unsigned m = 1; m < month; m++)
        days += month_days(year, m);
    return days * TICKS_DAY + ((uint64_t)hour * 3600 + minute * 60 + second) * 100 * TICKS_10MS +
           t.tens * TICKS_10MS;
}
