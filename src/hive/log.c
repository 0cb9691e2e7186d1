/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hive/hive.h"

#include <string.h>

#include "base/mem.h"
#include "hive/hive-disk.h"

/* The sequence number of the newest change in a log, 0 when there is none.
 *
 * Windows 8.1 and later write entries one after the other from byte 512 on, each with the number
 * that the hive gets when it is applied; old ones stay behind it.  Before that, a log was one
 * bitmap with pages behind, and its head carried the number. */
static uint32_t newest_change(struct wtg_span log)
{
    const struct hive_base_disk *head = span_at(log, 0, sizeof *head);
    const uint8_t *dirt = span_at(log, HIVE_LOG_STEP, 4);
    if (!head || !dirt || memcmp(head->magic, "regf", 4) != 0)
        return 0;
    if (memcmp(dirt, "DIRT", 4) == 0)
        return get_le32(head->sequence1) == get_le32(head->sequence2) ? get_le32(head->sequence1)
                                                                      : 0;
    uint32_t newest = 0;
    for (uint64_t at = HIVE_LOG_STEP;;) {
        const struct hive_log_entry_disk *e = span_at(log, at, sizeof *e);
        if (!e || memcmp(e->magic, "HvLE", 4) != 0)
            return newest;
        uint32_t size = get_le32(e->size);
        if (size < HIVE_LOG_STEP || size % HIVE_LOG_STEP || !span_at(log, at, size))
            return newest;
        newest = (uint32_t)max_u64(newest, get_le32(e->sequence));
        at += size;
    }
}

int hive_check_log(struct wtg_span hive, struct wtg_span log, const char *name,
                   const char *log_name, struct wtg_err *err)
{
    const struct hive_base_disk *b = span_at(hive, 0, sizeof *b);
    if (!b)
        return wtg_fail(err, WTG_E_HIVE_DAMAGED, "registry hive '%s' has only %zu bytes", name,
                        hive.n);
    /* An entry that was applied has the hive's own number, so only a higher one is news. */
    uint32_t have = get_le32(b->sequence2), newest = newest_change(log);
    if (newest <= have)
        return 0;
    wtg_fail(err, WTG_E_HIVE_DIRTY,
             "registry hive '%s' was not closed cleanly: '%s' holds change %u, the hive ends with "
             "%u",
             name, log_name, newest, have);
    return wtg_hint(err, "take an image that was captured after a clean shutdown of its Windows");
}

int hive_mark_closed(uint8_t *bytes, size_t n, const char *name, struct wtg_err *err)
{
    struct hive_base_disk b;

    if (n < sizeof b)
        return wtg_fail(err, WTG_E_HIVE_DAMAGED, "registry hive '%s' has only %zu bytes", name, n);
    memcpy(&b, bytes, sizeof b);
    if (get_le32(b.checksum) != hive_checksum(bytes))
        return wtg_fail(err, WTG_E_HIVE_DAMAGED, "the checksum of registry hive '%s' is wrong",
                        name);
    b.sequence1 = b.sequence2 =
        to_le32((uint32_t)max_u64(get_le32(b.sequence1), get_le32(b.sequence2)));
    memcpy(bytes, &b, sizeof b);
    b.checksum = to_le32(hive_checksum(bytes));
    memcpy(bytes, &b, sizeof b);
    return hive_check((struct wtg_span){ bytes, n }, name, err);
}
