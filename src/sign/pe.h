/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_SIGN_PE_H
#define WTG_SIGN_PE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/span.h"

/* PE files: for which processor, where the signatures stand, what sections and resources hold. */

/* So much of the file needs to be read for pe_read: the header of every boot manager seen ends
 * before. */
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

/* A whole file that pe_open looked at; borrows the bytes. */
struct pe {
    struct wtg_span file;
    struct pe_info info;
    uint64_t checksum_at;         /* le32 */
    uint64_t cert_entry_at;       /* of struct pe_dir_disk; 0: the header has no such entry */
    struct wtg_span certificates; /* the table; empty: not signed */
    uint64_t sections_at;
    unsigned nsections;
    uint32_t resources_at; /* relative to the loaded image; 0: none */
};
/* NOT_WINDOWS when it is no PE file; SIGNATURE when the certificate table is not inside the file,
 * as in one that was cut off. */
int pe_open(struct wtg_span file, struct pe *ret, struct wtg_err *err) WTG_MUST_USE;

/* The used bytes of a section; empty when there is none of that name. */
struct wtg_span pe_section(const struct pe *pe, const char *name);
/* From an address of the loaded image to the end of what the file has there; empty: nothing. */
struct wtg_span pe_at(const struct pe *pe, uint32_t address);
/* A resource of type RT_RCDATA by its (ASCII) name, in its first language; empty: none. */
struct wtg_span pe_rcdata(const struct pe *pe, const char *name);

#endif
