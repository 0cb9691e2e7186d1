/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_BOOT_PE_H
#define WTG_BOOT_PE_H

#include <stdint.h>

#include "base/err.h"
#include "base/span.h"

/* Just enough of a PE file to know for which processor it is, and whether firmware can start it. */

/* So much of the file needs to be read: the header of every boot manager seen ends before. */
enum { PE_HEAD_BYTES = 4096 };

enum pe_machine { PE_X86 = 0x14c, PE_X64 = 0x8664, PE_ARM64 = 0xaa64 };
enum { PE_SUBSYSTEM_EFI_APPLICATION = 10 };

struct pe_info {
    uint16_t machine; /* enum pe_machine or something else */
    uint16_t subsystem;
};
/* `head`: the file from its start, PE_HEAD_BYTES of it or all.  NOT_WINDOWS when it is no PE file.
 */
int pe_read(struct wtg_span head, struct pe_info *ret, struct wtg_err *err) WTG_MUST_USE;

#endif
