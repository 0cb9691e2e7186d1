/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_BOOT_BCD_MODEL_H
#define WTG_BOOT_BCD_MODEL_H

/* Inside the room: filling a struct boot_bcd, and the tables of what stores hold. */

#include "boot/bcd.h"

/* Element ids: bits 31-28 class, 27-24 format, the rest a number.  The format says how the value
 * stands in the registry. */
enum boot_bcd_format {
    BCD_DEVICE = 1,   /* REG_BINARY, bcd-disk.h */
    BCD_STRING = 2,   /* REG_SZ */
    BCD_OBJECT = 3,   /* REG_SZ, "{guid}" */
    BCD_OBJECTS = 4,  /* REG_MULTI_SZ */
    BCD_INTEGER = 5,  /* REG_BINARY, 8 bytes */
    BCD_BOOLEAN = 6,  /* REG_BINARY, 1 byte */
    BCD_INTEGERS = 7, /* REG_BINARY, 8 bytes each */
    BCD_BINARY = 8,   /* REG_BINARY */
};
static inline enum boot_bcd_format boot_bcd_format(uint32_t id)
{
    return (enum boot_bcd_format)(id >> 24 & 0xf);
}
enum hive_reg boot_bcd_reg(enum boot_bcd_format format);

/* Object types: bits 31-28 class (1 application), low 20 bits which. */
enum boot_bcd_type {
    BCD_TYPE_FWBOOTMGR = 0x10100001,
    BCD_TYPE_BOOTMGR = 0x10100002,
    BCD_TYPE_LOADER = 0x10200003,
    BCD_TYPE_RESUME = 0x10200004,
    BCD_TYPE_MEMDIAG = 0x10200005,
    BCD_TYPE_SETTINGS = 0x20100000,
    BCD_TYPE_LOADER_SETTINGS = 0x20200003,
    BCD_TYPE_RESUME_SETTINGS = 0x20200004,
    BCD_TYPE_DEVICE = 0x30000000,
};

/* Objects with a fixed GUID. */
struct boot_bcd_known {
    const char *guid; /* without braces */
    const char *name;
    uint32_t type; /* 0: an alias that bcdedit resolves, not a thing to be found in a store */
};
extern const struct boot_bcd_known boot_bcd_known[];
extern const size_t boot_bcd_nknown;

/* Appends; strings and data are copied to the arena. The returned pointers live until the next
 * object, or element of that object, is added. */
int boot_bcd_add_object(struct boot_bcd *b, const char *key, struct boot_bcd_object **ret,
                        struct wtg_err *err) WTG_MUST_USE;
int boot_bcd_add_element(struct boot_bcd *b, struct boot_bcd_object *o,
                         const struct boot_bcd_element *e, struct wtg_err *err) WTG_MUST_USE;
/* Into the order of keys, in which libhivex lists them too. */
void boot_bcd_sort(struct boot_bcd *b);

/* What the parameters ask for. */
int boot_bcd_plan(const struct boot_bcd_params *p, struct boot_bcd *ret,
                  struct wtg_err *err) WTG_MUST_USE;

/* The store as a hive, read again and compared with what was meant.  `*ret` is malloc'ed. */
int boot_bcd_encode(const struct boot_bcd *meant, enum boot_firmware firmware, uint64_t time,
                    uint8_t **ret, size_t *ret_n, struct wtg_err *err) WTG_MUST_USE;

#endif
