/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_DISK_GPT_LOOK_H
#define WTG_DISK_GPT_LOOK_H

#include "base/guid.h"
#include "blk/blk.h"

/* Both copies of a GPT, each for itself: what a reader that falls back from one to the other does
 * not tell. */

enum gpt_state {
    GPT_FINE,
    GPT_MISSING,    /* no header stands where one should */
    GPT_HEADER,     /* there is one, and its checksum or a field is wrong */
    GPT_ENTRIES,    /* the header is fine, the checksum of the entries is wrong */
    GPT_UNREADABLE, /* reading failed */
};
const char *
gpt_state_name(enum gpt_state s); /* "fine", "missing", "header", "entries", "unreadable" */

struct gpt_copy {
    enum gpt_state state;
    uint64_t lba; /* where it stands, or was looked for */
    uint64_t other_lba, first_usable_lba, last_usable_lba, entries_lba; /* GPT_FINE, GPT_ENTRIES */
    uint32_t entries, entry_bytes, entries_crc32;
    struct guid disk_id;
    uint8_t *bytes; /* the entries; NULL unless GPT_FINE */
};

enum gpt_mbr_state {
    GPT_MBR_FINE,    /* it protects the GPT */
    GPT_MBR_HYBRID,  /* it protects the GPT, and has partitions of its own */
    GPT_MBR_WRONG,   /* an MBR that does not protect it */
    GPT_MBR_MISSING, /* none, or not readable */
};

struct gpt_look {
    struct gpt_copy primary, backup;
    bool at_end; /* the backup stands (or was looked for) in the last sector of the disk */
    bool same;   /* both are fine and list the same */
    enum gpt_mbr_state mbr;
    uint32_t other_sector_bytes; /* a GPT begins where disks with such sectors have it; 0: none */
};
/* Reads only.  Whatever is damaged or does not read is in `ret`; fails with NOMEM alone. */
int gpt_look(struct blk *b, struct gpt_look *ret, struct wtg_err *err) WTG_MUST_USE;
void gpt_look_release(struct gpt_look *l);

/* CRC-32 as in IEEE 802.3, which headers and entries carry. */
uint32_t gpt_crc32(const uint8_t *p, size_t n);

#endif
