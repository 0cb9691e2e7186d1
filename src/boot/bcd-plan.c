/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "boot/bcd-model.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/le.h"

/* The store of one Windows as tables: which objects, and what each of their elements holds.
 * Source: docs/formats/bcd.md, from real stores made by bcdboot. */

enum object {
    NONE,
    BOOTMGR,
    MEMDIAG,
    GLOBAL_SETTINGS,
    DEBUG_SETTINGS,
    EMS_SETTINGS,
    BAD_MEMORY,
    LOADER_SETTINGS,
    HYPERVISOR_SETTINGS,
    RESUME_SETTINGS,
    LOADER,
    RESUME,
    NOBJECTS
};

/* clang-format off */
static const struct {
    const char *name; /* in boot_bcd_known; NULL: a GUID of this store's own */
    uint32_t type;
} objects[NOBJECTS] = {
    [BOOTMGR]             = { "bootmgr",              BCD_TYPE_BOOTMGR },
    [MEMDIAG]             = { "memdiag",              BCD_TYPE_MEMDIAG },
    [GLOBAL_SETTINGS]     = { "globalsettings",       BCD_TYPE_SETTINGS },
    [DEBUG_SETTINGS]      = { "dbgsettings",          BCD_TYPE_SETTINGS },
    [EMS_SETTINGS]        = { "emssettings",          BCD_TYPE_SETTINGS },
    [BAD_MEMORY]          = { "badmemory",            BCD_TYPE_SETTINGS },
    [LOADER_SETTINGS]     = { "bootloadersettings",   BCD_TYPE_LOADER_SETTINGS },
    [HYPERVISOR_SETTINGS] = { "hypervisorsettings",   BCD_TYPE_LOADER_SETTINGS },
    [RESUME_SETTINGS]     = { "resumeloadersettings", BCD_TYPE_RESUME_SETTINGS },
    [LOADER]              = { NULL,                   BCD_TYPE_LOADER },
    [RESUME]              = { NULL,                   BCD_TYPE_RESUME },
};

enum source { HERE, SYSTEM_PARTITION, WINDOWS_PARTITION, LOCALE, DESCRIPTION };
enum when { ALWAYS, UEFI, BIOS, NO_RECOVERY };

static const struct row {
    enum object object;
    uint32_t id;
    enum when when;
    enum source source;
    const char *text;   /* strings */
    uint64_t number;    /* integers and booleans */
    enum object ref[3]; /* objects */
} rows[] = {
    { BOOTMGR, 0x11000001, ALWAYS, .source = SYSTEM_PARTITION },
    { BOOTMGR, 0x12000002, UEFI,   .text = "\\EFI\\Microsoft\\Boot\\bootmgfw.efi" },
    { BOOTMGR, 0x12000004, ALWAYS, .text = "Windows Boot Manager" },
    { BOOTMGR, 0x12000005, ALWAYS, .source = LOCALE },
    { BOOTMGR, 0x14000006, ALWAYS, .ref = { GLOBAL_SETTINGS } },
    { BOOTMGR, 0x23000003, ALWAYS, .ref = { LOADER } },
    { BOOTMGR, 0x23000006, ALWAYS, .ref = { RESUME } },
    { BOOTMGR, 0x24000001, ALWAYS, .ref = { LOADER } },
    { BOOTMGR, 0x24000010, ALWAYS, .ref = { MEMDIAG } },
    { BOOTMGR, 0x25000004, ALWAYS, .number = 30 },

    { MEMDIAG, 0x11000001, ALWAYS, .source = SYSTEM_PARTITION },
    { MEMDIAG, 0x12000002, UEFI,   .text = "\\EFI\\Microsoft\\Boot\\memtest.efi" },
    { MEMDIAG, 0x12000002, BIOS,   .text = "\\boot\\memtest.exe" },
    { MEMDIAG, 0x12000004, ALWAYS, .text = "Windows Memory Diagnostic" },
    { MEMDIAG, 0x12000005, ALWAYS, .source = LOCALE },
    { MEMDIAG, 0x14000006, ALWAYS, .ref = { GLOBAL_SETTINGS } },
    { MEMDIAG, 0x1600000b, ALWAYS, .number = 1 },

    { GLOBAL_SETTINGS, 0x14000006, ALWAYS,
      .ref = { DEBUG_SETTINGS, EMS_SETTINGS, BAD_MEMORY } },
    { DEBUG_SETTINGS,  0x15000011, ALWAYS, .number = 4 },
    { EMS_SETTINGS,    0x16000020, ALWAYS, .number = 0 },
    { LOADER_SETTINGS, 0x14000006, ALWAYS, .ref = { GLOBAL_SETTINGS, HYPERVISOR_SETTINGS } },
    { HYPERVISOR_SETTINGS, 0x250000f3, ALWAYS, .number = 0 },
    { HYPERVISOR_SETTINGS, 0x250000f4, ALWAYS, .number = 1 },
    { HYPERVISOR_SETTINGS, 0x250000f5, ALWAYS, .number = 115200 },
    { RESUME_SETTINGS, 0x14000006, ALWAYS, .ref = { GLOBAL_SETTINGS } },

    { LOADER, 0x11000001, ALWAYS, .source = WINDOWS_PARTITION },
    { LOADER, 0x12000002, UEFI,   .text = "\\Windows\\system32\\winload.efi" },
    { LOADER, 0x12000002, BIOS,   .text = "\\Windows\\system32\\winload.exe" },
    { LOADER, 0x12000004, ALWAYS, .source = DESCRIPTION },
    { LOADER, 0x12000005, ALWAYS, .source = LOCALE },
    { LOADER, 0x14000006, ALWAYS, .ref = { LOADER_SETTINGS } },
    { LOADER, 0x16000009, NO_RECOVERY, .number = 0 },
    { LOADER, 0x16000060, UEFI,   .number = 1 },
    { LOADER, 0x17000077, ALWAYS, .number = 0x15000075 },
    { LOADER, 0x21000001, ALWAYS, .source = WINDOWS_PARTITION },
    { LOADER, 0x22000002, ALWAYS, .text = "\\Windows" },
    { LOADER, 0x23000003, ALWAYS, .ref = { RESUME } },
    { LOADER, 0x25000020, ALWAYS, .number = 0 },
    { LOADER, 0x250000c2, ALWAYS, .number = 1 },

    { RESUME, 0x11000001, ALWAYS, .source = WINDOWS_PARTITION },
    { RESUME, 0x12000002, UEFI,   .text = "\\Windows\\system32\\winresume.efi" },
    { RESUME, 0x12000002, BIOS,   .text = "\\Windows\\system32\\winresume.exe" },
    { RESUME, 0x12000004, ALWAYS, .text = "Windows Resume Application" },
    { RESUME, 0x12000005, ALWAYS, .source = LOCALE },
    { RESUME, 0x14000006, ALWAYS, .ref = { RESUME_SETTINGS } },
    { RESUME, 0x16000060, UEFI,   .number = 1 },
    { RESUME, 0x17000077, ALWAYS, .number = 0x15000075 },
    { RESUME, 0x21000001, UEFI, .source = WINDOWS_PARTITION },
    { RESUME, 0x22000002, ALWAYS, .text = "\\hiberfil.sys" },
    { RESUME, 0x25000008, ALWAYS, .number = 1 },
    { RESUME, 0x26000006, UEFI,   .number = 0 },
};
/* clang-format on */

enum { KEY_BYTES = GUID_TEXT_BYTES + 2 };

/* The key of an object: its GUID in braces. */
static void object_key(const struct boot_bcd_params *p, enum object o, char key[KEY_BYTES])
{
    char text[GUID_TEXT_BYTES];
    const char *guid = text;
    if (!objects[o].name)
        guid_text(o == LOADER ? &p->loader : &p->resume, text);
    for (size_t i = 0; objects[o].name && i < boot_bcd_nknown; i++)
        if (strcmp(boot_bcd_known[i].name, objects[o].name) == 0)
            guid = boot_bcd_known[i].guid;
    snprintf(key, KEY_BYTES, "{%.36s}", guid);
}

static bool wanted(const struct row *r, const struct boot_bcd_params *p)
{
    switch (r->when) {
    case UEFI:
        return p->firmware == BOOT_UEFI;
    case BIOS:
        return p->firmware == BOOT_BIOS;
    case NO_RECOVERY:
        return !p->keep_recovery;
    case ALWAYS:
        break;
    }
    return true;
}

/* The text, or the texts, of a string or object row. */
static int encode_texts(const struct row *r, const struct boot_bcd_params *p, uint8_t **ret,
                        size_t *ret_n, struct wtg_err *err)
{
    char key[ARRAY_LEN(r->ref)][KEY_BYTES];
    const char *text[ARRAY_LEN(r->ref)] = { r->source == LOCALE        ? p->locale
                                            : r->source == DESCRIPTION ? p->description
                                                                       : r->text };
    size_t n = text[0] ? 1 : 0;
    for (size_t i = 0; i < ARRAY_LEN(r->ref) && r->ref[i] != NONE; i++) {
        object_key(p, r->ref[i], key[i]);
        text[n++] = key[i];
    }
    return hive_encode_text(text, n, boot_bcd_reg(boot_bcd_format(r->id)), ret, ret_n, err);
}

static int add_row(struct boot_bcd *b, struct boot_bcd_object *o, const struct row *r,
                   const struct boot_bcd_params *p, struct wtg_err *err)
{
    char key[9];
    uint8_t fixed[BOOT_PARTITION_BYTES];
    AUTO_FREE uint8_t *texts = NULL;
    size_t n = 0;
    enum boot_bcd_format format = boot_bcd_format(r->id);
    if (format == BCD_DEVICE) {
        boot_device_encode(r->source == SYSTEM_PARTITION ? &p->system : &p->windows, fixed);
        n = sizeof fixed;
    } else if (boot_bcd_reg(format) == HIVE_BINARY) {
        put_le64(fixed, r->number);
        n = format == BCD_BOOLEAN ? 1 : 8;
    } else if (encode_texts(r, p, &texts, &n, err) < 0) {
        return err->code;
    }
    snprintf(key, sizeof key, "%08x", r->id);
    struct boot_bcd_element e = {
        .key = key,
        .id = r->id,
        .present = true,
        .type = boot_bcd_reg(format),
        .data = { texts ? texts : fixed, n },
    };
    return boot_bcd_add_element(b, o, &e, err);
}

static int check_params(const struct boot_bcd_params *p, struct wtg_err *err)
{
    for (const char *c = p->locale; *c; c++)
        if ((!isalnum((unsigned char)*c) && *c != '-') || c - p->locale >= 35)
            return wtg_fail(err, WTG_E_BCD, "'%s' is not the name of a language like 'en-US'",
                            p->locale);
    if (!p->description || !*p->description || strlen(p->description) > 255)
        return wtg_fail(err, WTG_E_BUG, "a boot entry needs a description of 1 to 255 bytes");
    if (memcmp(&p->loader, &p->resume, sizeof p->loader) == 0)
        return wtg_fail(err, WTG_E_BUG, "loader and resume object have the same GUID");
    return 0;
}

int boot_bcd_plan(const struct boot_bcd_params *params, struct boot_bcd *ret, struct wtg_err *err)
{
    struct boot_bcd b = { .key_name = "BCD00000000", .system = true };
    struct boot_bcd_params p = *params;
    if (!p.locale || !*p.locale)
        p.locale = "en-us"; /* bcdboot's own default */
    int r = check_params(&p, err);
    for (enum object i = BOOTMGR; r == 0 && i < NOBJECTS; i++) {
        char key[KEY_BYTES];
        struct boot_bcd_object *o = NULL;
        object_key(&p, i, key);
        r = boot_bcd_add_object(&b, key, &o, err);
        if (r < 0)
            break;
        o->has_type = true;
        o->type = objects[i].type;
        for (size_t k = 0; r == 0 && k < ARRAY_LEN(rows); k++)
            if (rows[k].object == i && wanted(&rows[k], &p))
                r = add_row(&b, o, &rows[k], &p, err);
    }
    if (r < 0) {
        boot_bcd_release(&b);
        return r;
    }
    boot_bcd_sort(&b);
    *ret = b;
    return 0;
}
