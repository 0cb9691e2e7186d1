/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_HIVE_HIVE_H
#define WTG_HIVE_HIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/span.h"

/* Registry hives: bytes in, bytes out, nothing on disk.  libhivex does the reading and changing,
 * after hive_check has proved that no offset in the bytes leads it astray. */

/* The largest hive that is opened.  A SYSTEM hive has 10 to 30 MB, a SOFTWARE hive up to 150;
 * libhivex holds the whole hive in memory. */
#define HIVE_MAX_BYTES ((size_t)256 << 20)

/* The largest value that is set.  Longer ones need a "db" record, which libhivex does not write. */
enum { HIVE_MAX_VALUE = 16344 };

/* REG_*, Windows SDK winnt.h. */
enum hive_reg {
    HIVE_NONE = 0,
    HIVE_SZ = 1,
    HIVE_EXPAND_SZ = 2,
    HIVE_BINARY = 3,
    HIVE_DWORD = 4,
    HIVE_MULTI_SZ = 7,
    HIVE_QWORD = 11,
};

/* Proves that every structure that can be reached from the root lies inside the bytes and is used
 * once.  `name` ("SYSTEM") is for messages.  HIVE_DIRTY: not closed cleanly; HIVE_DAMAGED. */
int hive_check(struct wtg_span bytes, const char *name, struct wtg_err *err) WTG_MUST_USE;

/* HIVE_DIRTY when the log beside a hive (its .LOG1, .LOG2) holds changes that the hive has not got
 * yet.  An empty, zeroed or older log is fine, and so is one that is no log at all: Windows does
 * not read it either. */
int hive_check_log(struct wtg_span hive, struct wtg_span log, const char *name,
                   const char *log_name, struct wtg_err *err) WTG_MUST_USE;

/* Makes a hive whose logs hold nothing new count as closed, in place.  What was being written when
 * it was cut off may be in it by half: only its structure is proved.  HIVE_DAMAGED. */
int hive_mark_closed(uint8_t *bytes, size_t n, const char *name, struct wtg_err *err) WTG_MUST_USE;

struct hive;

/* Opens a copy of the bytes, checked first.  HIVE_DIRTY, HIVE_DAMAGED. */
int hive_open(struct wtg_span bytes, const char *name, bool writable, struct hive **ret,
              struct wtg_err *err) WTG_MUST_USE;
/* A new, writable hive with nothing but a root key, which Administrators and SYSTEM may do
 * everything with.  `minor`: 3 for boot stores, 5 for all else.  `time` (FILETIME) is that of
 * every key that is made in it. */
int hive_new(const char *name, const char *root_name, uint32_t minor, uint64_t time,
             struct hive **ret, struct wtg_err *err) WTG_MUST_USE;
void hive_free(struct hive *h); /* NULL is fine */

/* The hive with all changes, in one malloc'ed buffer; clean, and checked again.  The same changes
 * to the same bytes give the same bytes. */
int hive_commit(struct hive *h, uint8_t **ret, size_t *ret_n, struct wtg_err *err) WTG_MUST_USE;

/* Keys are numbers, valid until the hive is freed.  Paths are "A\\B\\C" below some key, compared
 * without case; "" is that key. */
typedef size_t hive_key;
#define HIVE_NO_KEY ((hive_key)0)
hive_key hive_root(struct hive *h);

/* `*ret` is HIVE_NO_KEY when there is no such key. */
int hive_find(struct hive *h, hive_key from, const char *path, hive_key *ret,
              struct wtg_err *err) WTG_MUST_USE;
/* The key, made with its parents where they are missing. */
int hive_make(struct hive *h, hive_key from, const char *path, hive_key *ret,
              struct wtg_err *err) WTG_MUST_USE;

/* Removes a key and all that is below it. Its number is no key afterwards. */
int hive_remove(struct hive *h, hive_key key, struct wtg_err *err) WTG_MUST_USE;

/* The children of a key in the hive's order; `*ret` is malloc'ed. */
int hive_children(struct hive *h, hive_key key, hive_key **ret, size_t *ret_n,
                  struct wtg_err *err) WTG_MUST_USE;
/* A key's name, malloc'ed. */
int hive_key_name(struct hive *h, hive_key key, char **ret, struct wtg_err *err) WTG_MUST_USE;

struct hive_value {
    char *name; /* "" is the key's default value */
    enum hive_reg type;
    uint8_t *data; /* with a NUL behind; NULL: there is no such value */
    size_t len;
};
void hive_value_release(struct hive_value *v);
/* `ret->data` is NULL when there is no such value. */
int hive_get(struct hive *h, hive_key key, const char *name, struct hive_value *ret,
             struct wtg_err *err) WTG_MUST_USE;
/* All values of a key; `*ret` is malloc'ed, each to be released. */
int hive_values(struct hive *h, hive_key key, struct hive_value **ret, size_t *ret_n,
                struct wtg_err *err) WTG_MUST_USE;
void hive_values_free(struct hive_value *v, size_t n);

/* Sets a value, new or old.  UNSUPPORTED when it, or another one of the same key, is longer than
 * HIVE_MAX_VALUE: libhivex writes all values of a key anew. */
int hive_set(struct hive *h, hive_key key, const char *name, enum hive_reg type, const void *data,
             size_t len, struct wtg_err *err) WTG_MUST_USE;
int hive_set_dword(struct hive *h, hive_key key, const char *name, uint32_t v,
                   struct wtg_err *err) WTG_MUST_USE;
/* HIVE_SZ or HIVE_EXPAND_SZ from UTF-8. */
int hive_set_text(struct hive *h, hive_key key, const char *name, enum hive_reg type,
                  const char *text, struct wtg_err *err) WTG_MUST_USE;
/* HIVE_MULTI_SZ from `n` UTF-8 strings. */
int hive_set_list(struct hive *h, hive_key key, const char *name, const char *const *text, size_t n,
                  struct wtg_err *err) WTG_MUST_USE;

/* The data of HIVE_SZ, or of HIVE_MULTI_SZ with `n` strings, in UTF-16; `*ret` is malloc'ed. */
int hive_encode_text(const char *const *text, size_t n, enum hive_reg type, uint8_t **ret,
                     size_t *ret_n, struct wtg_err *err) WTG_MUST_USE;
/* UTF-16 data up to the first NUL as UTF-8 into `buf`; returns the bytes used, NUL included. */
size_t hive_decode_text(const uint8_t *data, size_t len, char *buf, size_t cap);

/* For hive_new: base block and one bin; malloc'ed. */
int hive_empty(const char *root_name, uint32_t minor, uint64_t time, uint8_t **ret, size_t *ret_n,
               struct wtg_err *err) WTG_MUST_USE;
/* The checksum that a base block of HIVE_SUMMED bytes should carry. */
uint32_t hive_checksum(const uint8_t *base);

#endif
