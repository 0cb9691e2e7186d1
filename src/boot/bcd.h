/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_BOOT_BCD_H
#define WTG_BOOT_BCD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/guid.h"
#include "base/mem.h"
#include "base/span.h"
#include "boot/device.h"
#include "hive/hive.h"

/* Boot configuration stores (BCD): objects with elements, kept in a registry hive. */

/* The largest store that is read.  Real ones have 20 to 64 KiB, and one entry takes 2. */
#define BOOT_BCD_MAX_BYTES ((size_t)4 << 20)

struct boot_bcd_element {
    const char *key; /* as in the hive: "12000002" */
    uint32_t id;     /* 0: the key is no number */
    bool present;    /* false: there is no value, or it could not be read */
    enum hive_reg type;
    struct wtg_span data;
};
struct boot_bcd_object {
    const char *key; /* as in the hive: "{9dea862c-...}" */
    bool has_type;
    uint32_t type; /* object type word */
    struct boot_bcd_element *element;
    size_t nelements, cap;
};
struct boot_bcd { /* zero-initialise; everything hangs on the arena but the arrays */
    struct arena arena;
    const char *key_name;           /* \Description\KeyName, "" when there is none */
    bool system;                    /* \Description\System is 1 */
    struct boot_bcd_object *object; /* in the order of their keys, and so are the elements */
    size_t nobjects, cap;
};
void boot_bcd_release(struct boot_bcd *b);

/* Reads a store.  What it holds may be nonsense (other programs write such things); it is all in
 * `ret`, named or not.  HIVE_DIRTY, HIVE_DAMAGED, BCD (a hive, but no store). */
int boot_bcd_decode(struct wtg_span bytes, struct boot_bcd *ret, struct wtg_err *err) WTG_MUST_USE;

enum boot_firmware { BOOT_UEFI, BOOT_BIOS };

struct boot_bcd_params {
    enum boot_firmware firmware;
    struct boot_partition system;  /* holds the boot files */
    struct boot_partition windows; /* holds \Windows */
    struct guid loader, resume;    /* names of the two objects of this Windows */
    const char *locale;            /* "en-US": the image's language; NULL: en-us */
    const char *description;       /* "Windows 11" */
    bool keep_recovery;            /* false: the loader never starts WinRE by itself */
    uint64_t time;                 /* FILETIME of every key */
};
/* Makes the store of one Windows, as bcdboot would, without recovery.  It is read again and
 * compared with what was meant: WTG_E_BCD when it differs.  `*ret` is malloc'ed. */
int boot_bcd_build(const struct boot_bcd_params *p, uint8_t **ret, size_t *ret_n,
                   struct wtg_err *err) WTG_MUST_USE;

/* WTG_E_BCD, naming the first difference, unless both hold the same. */
int boot_bcd_compare(const struct boot_bcd *meant, const struct boot_bcd *found,
                     struct wtg_err *err) WTG_MUST_USE;

/* What tells people about a store. */
const char *boot_bcd_object_name(const char *key); /* "bootmgr"; NULL: it has none */
const char *boot_bcd_type_name(uint32_t type);     /* "OS loader"; NULL: not known */
/* "systemroot": some ids mean different things in different objects.  NULL: not known. */
const char *boot_bcd_element_name(uint32_t object_type, uint32_t id);
/* The value in words, truncated to fit; returns `buf`. */
char *boot_bcd_element_text(const struct boot_bcd_element *e, char *buf, size_t cap);
/* The whole store, a line per element; malloc'ed. */
int boot_bcd_text(const struct boot_bcd *b, char **ret, struct wtg_err *err) WTG_MUST_USE;

#endif
