/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_FETCH_JOURNAL_H
#define WTG_FETCH_JOURNAL_H

#include "base/err.h"
#include "base/span.h"
#include "fetch/head.h"
#include "fetch/ranges.h"

/* What is kept beside an unfinished file, FILE.part.wtg: how far it is, and of which state of the
 * server's file the bytes are.  Form: docs/formats/fetch-journal.md.
 *
 * Bytes are told as soon as they are written (journal_have) and again when the medium has them
 * (journal_synced): the first is enough when only the program ended, the second after a crash of
 * the computer; the kernel's boot id tells which it was. */
enum {
    JOURNAL_MIRRORS = 16,         /* mirrors of one file; people type them */
    JOURNAL_URL_BYTES = 2048,     /* longer ones are refused */
    JOURNAL_MAX_BYTES = 64 << 20, /* of a file of 250 GB in extents of 256 KiB */
    JOURNAL_BOOT_BYTES = 64,
};

/* By what the file on a mirror is known; a field that is empty was not told. */
struct guard {
    char url[JOURNAL_URL_BYTES];   /* as it was given, without a password */
    char place[JOURNAL_URL_BYTES]; /* where redirects led to, without its query */
    char etag[HEAD_TAG_BYTES];
    char modified[HEAD_DATE_BYTES];
};

struct journal_state {
    bool has_size;
    uint64_t size;
    struct guard guard[JOURNAL_MIRRORS];
    size_t nguards;
    struct extents have;
    char wrong[160]; /* the proof that the complete file failed, "sha256 HEX"; "" */
};
void journal_state_release(struct journal_state *s);

/* Reads a journal as far as it is whole: a torn or damaged end is left away.  `boot`: the id of the
 * running system, "" when that is not known.  IMAGE_FORMAT when its beginning is no journal. */
int journal_parse(struct wtg_span text, const char *boot, struct journal_state *ret,
                  struct wtg_err *err) WTG_MUST_USE;
/* The same from a file; NOT_FOUND when there is none. */
int journal_load(const char *path, struct journal_state *ret, struct wtg_err *err) WTG_MUST_USE;

struct journal;
/* Writes a new file with this state, whose bytes the medium has, in place of an old one, and goes
 * on with it. */
int journal_open(const char *path, const struct journal_state *s, struct journal **ret,
                 struct wtg_err *err) WTG_MUST_USE;
int journal_have(struct journal *j, uint64_t off, uint64_t end, struct wtg_err *err) WTG_MUST_USE;
/* How many extents were told so far; journal_synced says that the medium has the first `n`. */
uint64_t journal_told(const struct journal *j);
int journal_synced(struct journal *j, uint64_t n, struct wtg_err *err) WTG_MUST_USE;
int journal_size(struct journal *j, uint64_t size, struct wtg_err *err) WTG_MUST_USE;
int journal_guard(struct journal *j, const struct guard *g, struct wtg_err *err) WTG_MUST_USE;
int journal_wrong(struct journal *j, const char *proof, struct wtg_err *err) WTG_MUST_USE;
int journal_fd(const struct journal *j);
void journal_close(struct journal *j);

#endif
