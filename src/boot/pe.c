/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "boot/pe.h"

#include <string.h>

#include "boot/pe-disk.h"

int pe_read(struct wtg_span head, struct pe_info *ret, struct wtg_err *err)
{
    const struct pe_dos_disk *dos = span_at(head, 0, sizeof *dos);
    if (!dos || memcmp(dos->magic, "MZ", 2) != 0)
        return wtg_fail(err, WTG_E_NOT_WINDOWS, "it is no program (no 'MZ' at its start)");
    uint32_t at = get_le32(dos->header);
    const struct pe_head_disk *pe = span_at(head, at, sizeof *pe);
    if (!pe || memcmp(pe->magic, "PE\0", 4) != 0)
        return wtg_fail(err, WTG_E_NOT_WINDOWS, "it is no program (no 'PE' at byte 0x%x)", at);
    uint16_t magic = get_le16(pe->optional_magic);
    if (get_le16(pe->optional_size) < 70 || (magic != 0x10b && magic != 0x20b))
        return wtg_fail(err, WTG_E_NOT_WINDOWS, "its header of type 0x%x is not known", magic);
    *ret = (struct pe_info){ get_le16(pe->machine), get_le16(pe->subsystem) };
    return 0;
}
