/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_BOOT_FILES_H
#define WTG_BOOT_FILES_H

#include "tree/tree.h"

/* What a Windows boots with: is it there, and which files go onto the EFI system partition. */

/* A kind of computer that Windows runs on. */
struct boot_arch {
    uint16_t machine;     /* of the PE header */
    const char *name;     /* as answer files call it: "amd64" */
    const char *fallback; /* what its firmware starts from a stick: "bootx64.efi" */
};

/* NOT_WINDOWS, naming what is missing, unless the tree holds a Windows that can be booted. */
int boot_is_windows(const struct tree *t, const struct boot_arch **ret,
                    struct wtg_err *err) WTG_MUST_USE;

struct boot_esp {
    struct tree *tree;
    struct tree_blob *bcd; /* owned; all other content belongs to the Windows tree */
    const struct boot_arch *arch;
};
/* Builds the tree of the EFI system partition from a (sorted) Windows tree, which must outlive it.
 * `bcd` (malloc'ed) is taken over, also on failure.  `time` (FILETIME) goes to what is new. */
int boot_files(const struct tree *windows, uint8_t *bcd, size_t bcd_bytes, uint64_t time,
               struct boot_esp *ret, struct wtg_err *err) WTG_MUST_USE;
void boot_esp_release(struct boot_esp *esp);

#endif
