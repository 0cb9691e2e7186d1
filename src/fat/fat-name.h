/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_FAT_FAT_NAME_H
#define WTG_FAT_FAT_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "fat/fat-disk.h"

/* Short names, long names and times of directory entries. */

/* May a long name look like that?  Refuses control characters, the characters that Win32 forbids,
 * and dots or spaces at the end, which Windows would cut off. */
bool fat_name_valid(const uint16_t *name, size_t n);

/* How a long name and its short one are related. */
enum fat_short_fit {
    FAT_SHORT_IS_NAME, /* the short name is the name: no long-name entries are needed */
    FAT_SHORT_FITS,    /* the same but for small letters: long entries, no number */
    FAT_SHORT_CUT,     /* shortened or with other characters: needs a number, "PROGRA~1" */
};
/* The short name before a number is put in. `ret` is padded with spaces. */
enum fat_short_fit fat_short_make(const uint16_t *name, size_t n, uint8_t ret[FAT_SHORT_BYTES]);
/* Puts "~number" at the end of the first eight characters. */
void fat_short_number(uint8_t name[FAT_SHORT_BYTES], unsigned number);

uint8_t fat_short_checksum(const uint8_t name[FAT_SHORT_BYTES]);
/* "NOTEPAD.EXE" with the case bits applied, in UTF-16 (OEM characters by code page 437); returns
 * its length, 12 at the most; 0 when the bytes are no name. */
size_t fat_short_text(const struct fat_dirent_disk *d, bool use_case_bits, uint16_t ret[12]);

/* Units of part `part` (0..) into and out of a long-name entry. */
void fat_lfn_put(struct fat_lfn_disk *e, const uint16_t *name, size_t n, size_t part);
void fat_lfn_get(const struct fat_lfn_disk *e, uint16_t ret[FAT_LFN_UNITS]);

/* A point in time (100 ns since 1601) as FAT has it, held within 1980-01-01 .. 2107-12-31. */
struct fat_time {
    uint16_t date, time;
    uint8_t tens; /* of milliseconds, 0..199 */
};
struct fat_time fat_time_from(uint64_t time);
/* Back; 0 for dates that do not exist. */
uint64_t fat_time_to(struct fat_time t);

#endif
