/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef WTG_DIAGNOSE_CODE_H
#define WTG_DIAGNOSE_CODE_H

#include "base/err.h"
#include "wtg/explain.h"

/* Codes: finding one in a text, and what is known about it. */

/* Where a number comes from.  The slug of each ("hresult") stands in data/diagnose/codes.txt. */
enum code_family {
    CODE_BOOT,     /* a status on the screen of Windows' boot manager; an NTSTATUS value */
    CODE_HRESULT,  /* 0x8....... and what Microsoft's tools print like one */
    CODE_NT,       /* NTSTATUS */
    CODE_WIN32,    /* GetLastError; the exit code of dism and others */
    CODE_SETUPAPI, /* 0xE000.... */
    CODE_SETUP,    /* Windows Setup: a result, and an extend code of phase and operation */
    CODE_BUGCHECK, /* the stop code of a blue screen */
    CODE_DEVMGR,   /* Device Manager: Code 52 */
    CODE_WIMLIB,   /* exit code of wimlib-imagex */
    CODE_ERRNO,    /* Linux */
    CODE_RUFUS,    /* 0xC003....: rufus puts a Windows error into it */
    CODE_CURL,     /* exit code */
    CODE_ARIA2,    /* exit code */
    CODE_GPG,      /* exit code */
    CODE_DOWNLOAD, /* 715-123130: Microsoft's download pages */
    CODE_FAMILIES,
};

struct code {
    enum code_family family;
    uint32_t value;
    uint32_t extend; /* SETUP with has_extend: phase << 16 | operation; DOWNLOAD: behind the dash */
    bool has_extend;
};

enum { CODE_READINGS_MAX = WTG_READINGS_MAX };
struct code_readings {
    struct code code[CODE_READINGS_MAX]; /* most likely first */
    size_t n;
};

/* The first code in a text of any shape and what it may be; words around it ("errno", "stop",
 * "dism", "wimlib:") decide the family.  USAGE: there is none. */
int code_parse(const char *text, struct code_readings *ret, struct wtg_err *err) WTG_MUST_USE;

const char *code_family_slug(enum code_family family);
/* The name that a header gives it, "E_ACCESSDENIED"; NULL: none does. */
const char *code_name(const struct code *c);
/* What is written about it, also where only what it wraps has a page (0x80070005 wraps 5); NULL. */
const struct wtg_code_page *code_page(const struct code *c);
/* As people and logs spell it: "0x80070005", "1392", "0xC1900101-0x20017". */
void code_spell(const struct code *c, char buf[WTG_CODE_BYTES]);
/* All that can be said about one reading. */
void code_read(const struct code *c, struct wtg_reading *ret);

/* What explain.h offers; api hands it out. */
int code_explain(const char *text, struct wtg_explanation *ret, struct wtg_err *err) WTG_MUST_USE;
int code_tree(const char *text, const struct wtg_tree **ret, struct wtg_err *err) WTG_MUST_USE;
const struct wtg_tree *code_tree_at(size_t i);

#endif
