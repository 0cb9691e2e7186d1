/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_WINDOWS_WINDOWS_H
#define WTG_WINDOWS_WINDOWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/span.h"
#include "tree/edit.h"

/* What makes an image a Windows To Go: changes of its registry and files, as edits. */

/* A registry value that a setting sets; all are DWORDs. */
struct windows_value {
    const char *hive; /* "SYSTEM"; NULL: no more values */
    const char *key;  /* below the root; "%CCS%": each control set that Windows may start with */
    const char *name;
    uint32_t data;
};

/* One thing a person can leave out. */
struct windows_setting {
    const char *slug; /* --without SLUG */
    const char *why;  /* one sentence for the plan */
    struct windows_value value[2];
    const char *remove; /* a file that goes, with it; NULL: none */
};
extern const struct windows_setting windows_settings[];
extern const size_t windows_nsettings;

/* The index of a setting, or -1. */
int windows_setting_find(const char *slug);

/* A registry value that changes; for the plan. */
struct windows_change {
    const struct windows_setting *setting;
    char *hive, *key, *name;
    char *old_text; /* "3", or "absent" */
    char *new_text;
};
struct windows_changes {
    struct windows_change *change;
    size_t n, cap;
};
void windows_changes_release(struct windows_changes *c);

struct windows_opts {
    uint64_t without;          /* bit i: leave windows_settings[i] out */
    const char *architecture;  /* "amd64", "arm64", "x86": the image's */
    struct wtg_span unattend;  /* the answer file; p NULL: none */
    const char *unattend_name; /* how the person called it, for messages */
};
/* Appends the edits that the options ask for, and every value that changes to `changes`.  A hive in
 * which nothing changes gets no edit.  HIVE_DIRTY, HIVE_DAMAGED, UNATTEND; what was appended before
 * a failure stays. */
int windows_edits(const struct tree *t, const struct windows_opts *o, struct tree_edits *edits,
                  struct windows_changes *changes, struct wtg_err *err) WTG_MUST_USE;

#endif
