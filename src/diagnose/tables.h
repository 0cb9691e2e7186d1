/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_DIAGNOSE_TABLES_H
#define WTG_DIAGNOSE_TABLES_H

#include "diagnose/code.h"
#include "diagnose/diagnose.h"

/* What tools/diagnose-tables makes when wtg is built: from data/diagnose, and the names and numbers
 * of codes from system headers.  For the files of this room alone. */

extern const struct diagnose_cause diagnose_causes[]; /* in the order of causes.tsv */
extern const size_t diagnose_causes_n;

struct code_name_row {
    enum code_family family;
    uint32_t value;
    const char *name;
};
extern const struct code_name_row code_names[]; /* rising; the usual name of a value first */
extern const size_t code_names_n;
extern const uint16_t code_by_name[]; /* indexes of code_names, by name without regard to case */
extern const size_t code_by_name_n;

extern const struct wtg_code_page code_pages[]; /* in the order of codes.txt */
extern const size_t code_pages_n;
struct code_page_key {
    struct code code;
    size_t page;
};
extern const struct code_page_key code_page_keys[]; /* rising; without extend before with */
extern const size_t code_page_keys_n;

enum code_part_kind {
    PART_SEVERITY,    /* the uppermost two bits */
    PART_FACILITY,    /* of an HRESULT */
    PART_NT_FACILITY, /* of an NTSTATUS */
    PART_PHASE,       /* of Windows Setup */
    PART_OPERATION,   /* of Windows Setup */
};
struct code_part_row {
    enum code_part_kind kind;
    struct wtg_code_part part;
};
extern const struct code_part_row code_parts[];
extern const size_t code_parts_n;

extern const struct wtg_tree code_trees[];
extern const size_t code_trees_n;

#endif
