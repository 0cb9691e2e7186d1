/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hive/hive.h"

#include <string.h>

#include "base/mem.h"
#include "hive/hive-disk.h"

/* libhivex cannot make a hive from nothing, so this makes the smallest one there is: one bin with
 * a root key and its security descriptor. */

enum { EMPTY_BYTES = HIVE_BINS_AT + HIVE_BIN_STEP, ROOT_AT = sizeof(struct hive_bin_disk) };
enum { KEY_IS_ROOT = 0x04, KEY_NO_DELETE = 0x08, KEY_LATIN1 = 0x20 };

/* Owner Administrators, group SYSTEM; both may do everything (KEY_ALL_ACCESS).  Self-relative. */
/* clang-format off */
static const uint8_t full_access[] = {
    1, 0, 0x04, 0x80,                                      /* revision, DACL present, relative */
    0x48, 0, 0, 0,  0x58, 0, 0, 0,  0, 0, 0, 0,  0x14, 0, 0, 0, /* owner, group, SACL, DACL at */
    2, 0, 0x34, 0, 2, 0, 0, 0,                             /* DACL: two entries */
    0, 0, 0x18, 0, 0x3f, 0, 0x0f, 0,                       /* allow KEY_ALL_ACCESS to ... */
    1, 2, 0, 0, 0, 0, 0, 5, 0x20, 0, 0, 0, 0x20, 2, 0, 0,  /* S-1-5-32-544 Administrators */
    0, 0, 0x14, 0, 0x3f, 0, 0x0f, 0,
    1, 1, 0, 0, 0, 0, 0, 5, 0x12, 0, 0, 0,                 /* S-1-5-18 SYSTEM */
    1, 2, 0, 0, 0, 0, 0, 5, 0x20, 0, 0, 0, 0x20, 2, 0, 0,  /* owner */
    1, 1, 0, 0, 0, 0, 0, 5, 0x12, 0, 0, 0,                 /* group */
};
/* clang-format on */

/* Puts a cell of the right size before `record` bytes at `at`; returns where the next one goes. */
static size_t begin_cell(uint8_t *bin, size_t at, size_t record)
{
    size_t size = (size_t)round_up(record + 4, HIVE_CELL_STEP);
    put_le32(bin + at, 0 - (uint32_t)size);
    return at + size;
}

static size_t put_root(uint8_t *bin, const char *name, uint64_t time, size_t security_at)
{
    size_t len = strlen(name);
    size_t end = begin_cell(bin, ROOT_AT, sizeof(struct hive_key_disk) + len);
    struct hive_key_disk k = {
        .magic = { 'n', 'k' },
        .flags = to_le16(KEY_IS_ROOT | KEY_NO_DELETE | KEY_LATIN1),
        .time = to_le64(time),
        .subkeys = to_le32(HIVE_NO_CELL),
        .volatiles = to_le32(HIVE_NO_CELL),
        .values = to_le32(HIVE_NO_CELL),
        .security = to_le32((uint32_t)security_at),
        .class_name = to_le32(HIVE_NO_CELL),
        .name_len = to_le16((uint16_t)len),
    };
    memcpy(bin + ROOT_AT + 4, &k, sizeof k);
    memcpy(bin + ROOT_AT + 4 + sizeof k, name, len);
    return end;
}

static size_t put_security(uint8_t *bin, size_t at)
{
    size_t end = begin_cell(bin, at, sizeof(struct hive_security_disk) + sizeof full_access);
    struct hive_security_disk s = {
        .magic = { 's', 'k' },
        .next = to_le32((uint32_t)at), /* a ring of one */
        .previous = to_le32((uint32_t)at),
        .references = to_le32(1),
        .size = to_le32(sizeof full_access),
    };
    memcpy(bin + at + 4, &s, sizeof s);
    memcpy(bin + at + 4 + sizeof s, full_access, sizeof full_access);
    return end;
}

int hive_empty(const char *root_name, uint32_t minor, uint64_t time, uint8_t **ret, size_t *ret_n,
               struct wtg_err *err)
{
    if (!*root_name || strlen(root_name) > 255)
        return wtg_fail(err, WTG_E_BUG, "a root key cannot be called '%s'", root_name);
    uint8_t *hive = mem_zeroed(EMPTY_BYTES, 1, err);
    if (!hive)
        return err->code;

    uint8_t *bin = hive + HIVE_BINS_AT;
    struct hive_bin_disk head = {
        .magic = { 'h', 'b', 'i', 'n' },
        .size = to_le32(HIVE_BIN_STEP),
        .time = to_le64(time),
    };
    memcpy(bin, &head, sizeof head);
    size_t security_at =
        ROOT_AT +
        (size_t)round_up(4 + sizeof(struct hive_key_disk) + strlen(root_name), HIVE_CELL_STEP);
    put_root(bin, root_name, time, security_at);
    size_t end = put_security(bin, security_at);
    put_le32(bin + end, (uint32_t)(HIVE_BIN_STEP - end)); /* the rest is free */

    struct hive_base_disk base = {
        .magic = { 'r', 'e', 'g', 'f' },
        .sequence1 = to_le32(1),
        .sequence2 = to_le32(1),
        .last_written = to_le64(time),
        .major = to_le32(1),
        .minor = to_le32(minor),
        .format = to_le32(1),
        .root = to_le32(ROOT_AT),
        .bins_bytes = to_le32(HIVE_BIN_STEP),
        .cluster = to_le32(1),
    };
    memcpy(hive, &base, sizeof base);
    put_le32(hive + HIVE_SUMMED, hive_checksum(hive));
    *ret = hive;
    *ret_n = EMPTY_BYTES;
    return 0;
}
