/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sign/pe.h"

#include <string.h>

#include "base/mem.h"
#include "sign/pe-disk.h"

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

/* A data directory of the optional header at `at`, or NULL when it has not so many. */
static const struct pe_dir_disk *directory(struct wtg_span file, uint64_t at, uint32_t bytes,
                                           bool is_64, unsigned index)
{
    const uint32_t count_at = is_64 ? PE_NDIRS_64 : PE_NDIRS_32;
    struct wtg_span optional = span_sub(file, at, bytes);
    const le32 *count = span_at(optional, count_at, sizeof *count);

    if (!count || get_le32(*count) <= index)
        return NULL;
    return span_at(optional, count_at + 4 + (uint64_t)index * sizeof(struct pe_dir_disk),
                   sizeof(struct pe_dir_disk));
}

int pe_open(struct wtg_span file, struct pe *ret, struct wtg_err *err)
{
    struct pe pe = { .file = file };
    int r = pe_read(file, &pe.info, err);
    if (r < 0)
        return r;
    const struct pe_dos_disk *dos = span_at(file, 0, sizeof *dos);
    const uint64_t head_at = get_le32(dos->header);
    const struct pe_head_disk *head = span_at(file, head_at, sizeof *head);
    const uint64_t optional_at = head_at + offsetof(struct pe_head_disk, optional_magic);
    const uint32_t optional_bytes = get_le16(head->optional_size);
    const bool is_64 = get_le16(head->optional_magic) == 0x20b;

    pe.checksum_at = head_at + offsetof(struct pe_head_disk, checksum);
    pe.sections_at = optional_at + optional_bytes;
    pe.nsections = get_le16(head->nsections);
    const struct pe_dir_disk *dir =
        directory(file, optional_at, optional_bytes, is_64, PE_DIR_RESOURCES);
    if (dir)
        pe.resources_at = get_le32(dir->at);
    dir = directory(file, optional_at, optional_bytes, is_64, PE_DIR_CERTIFICATES);
    if (dir) {
        const uint32_t at = get_le32(dir->at), bytes = get_le32(dir->bytes);
        pe.cert_entry_at = (uint64_t)((const uint8_t *)dir - file.p);
        pe.certificates = span_sub(file, at, bytes);
        /* A table over the header would let the header change unseen. */
        if (bytes && (!pe.certificates.p || at < pe.cert_entry_at + sizeof *dir))
            return wtg_fail(err, WTG_E_SIGNATURE,
                            "its signatures should be %u bytes at byte %u, of a file of %zu bytes",
                            bytes, at, file.n);
    }
    *ret = pe;
    return 0;
}

static const struct pe_section_disk *section(const struct pe *pe, unsigned i)
{
    return span_at(pe->file, pe->sections_at + (uint64_t)i * sizeof(struct pe_section_disk),
                   sizeof(struct pe_section_disk));
}

struct wtg_span pe_section(const struct pe *pe, const char *name)
{
    for (unsigned i = 0; i < pe->nsections; i++) {
        const struct pe_section_disk *s = section(pe, i);
        if (!s)
            break;
        if (strnlen(s->name, sizeof s->name) == strlen(name) &&
            memcmp(s->name, name, strlen(name)) == 0)
            return span_sub(pe->file, get_le32(s->file_at),
                            min_u64(get_le32(s->virtual_bytes), get_le32(s->file_bytes)));
    }
    return (struct wtg_span){ NULL, 0 };
}

struct wtg_span pe_at(const struct pe *pe, uint32_t address)
{
    for (unsigned i = 0; i < pe->nsections; i++) {
        const struct pe_section_disk *s = section(pe, i);
        if (!s)
            break;
        const uint32_t first = get_le32(s->virtual_at), bytes = get_le32(s->file_bytes);
        if (address >= first && address - first < bytes)
            return span_sub(pe->file, (uint64_t)get_le32(s->file_at) + (address - first),
                            bytes - (address - first));
    }
    return (struct wtg_span){ NULL, 0 };
}

/* Is this entry of a directory called so?  `name` NULL: any; else `number` when there is no name.
 */
static bool is_entry(struct wtg_span tree, const struct pe_resource_entry_disk *e, const char *name,
                     uint32_t number)
{
    const uint32_t id = get_le32(e->name);

    if (!name)
        return number == 0 || id == number;
    if (!(id & PE_RESOURCE_HIGH))
        return false;
    const size_t n = strlen(name);
    const le16 *text = span_at(tree, id & ~PE_RESOURCE_HIGH, 2 + 2 * n);
    if (!text || get_le16(text[0]) != n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (get_le16(text[1 + i]) != (uint8_t)name[i])
            return false;
    return true;
}

/* What the first entry called so leads to, in a directory of the resources; 0: none. */
static uint32_t resource_find(struct wtg_span tree, uint32_t dir_at, const char *name,
                              uint32_t number)
{
    const struct pe_resource_dir_disk *dir = span_at(tree, dir_at, sizeof *dir);
    const unsigned n = dir ? (unsigned)get_le16(dir->nnamed) + get_le16(dir->nnumbered) : 0;

    for (unsigned i = 0; i < n; i++) {
        const struct pe_resource_entry_disk *e =
            span_at(tree, dir_at + sizeof *dir + (uint64_t)i * sizeof *e, sizeof *e);
        if (!e)
            break;
        if (is_entry(tree, e, name, number))
            return get_le32(e->at);
    }
    return 0;
}

struct wtg_span pe_rcdata(const struct pe *pe, const char *name)
{
    const struct wtg_span none = { NULL, 0 };
    struct wtg_span tree = pe->resources_at ? pe_at(pe, pe->resources_at) : none;
    uint32_t at = resource_find(tree, 0, NULL, PE_RESOURCE_RCDATA);

    if (!(at & PE_RESOURCE_HIGH))
        return none;
    at = resource_find(tree, at & ~PE_RESOURCE_HIGH, name, 0);
    if (!(at & PE_RESOURCE_HIGH))
        return none;
    at = resource_find(tree, at & ~PE_RESOURCE_HIGH, NULL, 0);
    const struct pe_resource_data_disk *data =
        at && !(at & PE_RESOURCE_HIGH) ? span_at(tree, at, sizeof *data) : NULL;
    return data ? span_sub(pe_at(pe, get_le32(data->virtual_at)), 0, get_le32(data->bytes)) : none;
}
