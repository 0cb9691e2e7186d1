/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "boot/bcd-model.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/le.h"

/* clang-format off */
const struct boot_bcd_known boot_bcd_known[] = {
    { "9dea862c-5cdd-4e70-acc1-f32b344d4795", "bootmgr",              BCD_TYPE_BOOTMGR },
    { "b2721d73-1db4-4c62-bf78-c548a880142d", "memdiag",              BCD_TYPE_MEMDIAG },
    { "7ea2e1ac-2e61-4728-aaa3-896d9d0a9f0e", "globalsettings",       BCD_TYPE_SETTINGS },
    { "4636856e-540f-4170-a130-a84776f4c654", "dbgsettings",          BCD_TYPE_SETTINGS },
    { "0ce4991b-e6b3-4b16-b23c-5e0d9250e5d9", "emssettings",          BCD_TYPE_SETTINGS },
    { "5189b25c-5558-4bf2-bca4-289b11bd29e2", "badmemory",            BCD_TYPE_SETTINGS },
    { "6efb52bf-1766-41db-a6b3-0ee5eff72bd7", "bootloadersettings",   BCD_TYPE_LOADER_SETTINGS },
    { "7ff607e0-4395-11db-b0de-0800200c9a66", "hypervisorsettings",   BCD_TYPE_LOADER_SETTINGS },
    { "1afa9c49-16ab-4a5c-901b-212802da9460", "resumeloadersettings", BCD_TYPE_RESUME_SETTINGS },
    /* not made by bcdboot, but met */
    { "a5a30fa2-3d06-4e9f-b5f4-a01df9d1fcba", "fwbootmgr",            BCD_TYPE_FWBOOTMGR },
    { "466f5a88-0af2-4f76-9038-095b170dc21c", "ntldr",                0x10300006 },
    { "ae5534e0-a924-466c-b836-758539a3ee3a", "ramdiskoptions",       BCD_TYPE_DEVICE },
    { "7619dcc9-fafe-11d9-b411-000476eba25f", "setuploader",          BCD_TYPE_LOADER },
    { "7619dcc8-fafe-11d9-b411-000476eba25f", "setupramdiskoptions",  BCD_TYPE_DEVICE },
    { "313e8eed-7098-4586-a9bf-309c61f8d449", "kerneldbgsettings",    BCD_TYPE_LOADER_SETTINGS },
    { "fa926493-6f1c-4193-a414-58f0b2456d1e", "current",              0 },
    { "1cae1eb7-a0df-4d4d-9851-4860e34ef535", "default",              0 },
};
const size_t boot_bcd_nknown = ARRAY_LEN(boot_bcd_known);

/* An application's elements (class 2) mean what that application wants: `object` is the low 20 bits
 * of its type; 0: the same in all. */
enum { ANY = 0, FWBOOTMGR = 1, BOOTMGR = 2, LOADER = 3, RESUME = 4 };
static const struct {
    uint32_t id;
    uint32_t object;
    const char *name;
} elements[] = {
    { 0x11000001, ANY, "device" },
    { 0x12000002, ANY, "path" },
    { 0x12000004, ANY, "description" },
    { 0x12000005, ANY, "locale" },
    { 0x14000006, ANY, "inherit" },
    { 0x15000007, ANY, "truncatememory" },
    { 0x14000008, ANY, "recoverysequence" },
    { 0x16000009, ANY, "recoveryenabled" },
    { 0x1600000b, ANY, "badmemoryaccess" },
    { 0x15000011, ANY, "debugtype" },
    { 0x16000020, ANY, "bootems" },
    { 0x12000030, ANY, "loadoptions" },
    { 0x16000040, ANY, "advancedoptions" },
    { 0x16000041, ANY, "optionsedit" },
    { 0x16000046, ANY, "graphicsmodedisabled" },
    { 0x16000048, ANY, "nointegritychecks" },
    { 0x16000049, ANY, "testsigning" },
    { 0x15000052, ANY, "graphicsresolution" },
    { 0x16000054, ANY, "highestmode" },
    { 0x16000060, ANY, "isolatedcontext" },
    { 0x15000065, ANY, "displaymessage" },
    { 0x15000066, ANY, "displaymessageoverride" },
    { 0x17000077, ANY, "allowedinmemorysettings" },
    { 0x21000001, LOADER, "osdevice" },
    { 0x21000001, RESUME, "filedevice" },
    { 0x22000002, LOADER, "systemroot" },
    { 0x22000002, RESUME, "filepath" },
    { 0x23000003, BOOTMGR, "default" },
    { 0x23000003, LOADER, "resumeobject" },
    { 0x23000006, BOOTMGR, "resumeobject" },
    { 0x24000001, FWBOOTMGR, "displayorder" },
    { 0x24000001, BOOTMGR, "displayorder" },
    { 0x24000002, BOOTMGR, "bootsequence" },
    { 0x25000004, FWBOOTMGR, "timeout" },
    { 0x25000004, BOOTMGR, "timeout" },
    { 0x26000005, BOOTMGR, "attemptresume" },
    { 0x26000006, RESUME, "debugoptionenabled" },
    { 0x25000008, RESUME, "bootmenupolicy" },
    { 0x24000010, BOOTMGR, "toolsdisplayorder" },
    { 0x26000010, LOADER, "detecthal" },
    { 0x26000020, BOOTMGR, "displaybootmenu" },
    { 0x25000020, LOADER, "nx" },
    { 0x26000021, BOOTMGR, "noerrordisplay" },
    { 0x25000021, LOADER, "pae" },
    { 0x21000022, BOOTMGR, "bcddevice" },
    { 0x26000022, LOADER, "winpe" },
    { 0x22000023, BOOTMGR, "bcdfilepath" },
    { 0x21000026, RESUME, "hibernationdevice" },
    { 0x25000080, LOADER, "safeboot" },
    { 0x250000c2, LOADER, "bootmenupolicy" },
    { 0x250000e0, LOADER, "bootstatuspolicy" },
    { 0x250000f0, LOADER, "hypervisorlaunchtype" },
    { 0x250000f3, LOADER, "hypervisordebugtype" },
    { 0x250000f4, LOADER, "hypervisordebugport" },
    { 0x250000f5, LOADER, "hypervisorbaudrate" },
    { 0x35000001, ANY, "ramdiskimageoffset" },
    { 0x31000003, ANY, "ramdisksdidevice" },
    { 0x32000004, ANY, "ramdisksdipath" },
    { 0x36000006, ANY, "exportascd" },
    { 0x46000010, ANY, "custom" },
};

static const struct {
    uint32_t mask, value;
    const char *name;
} types[] = {
    { 0xf00fffff, 0x10000001, "firmware boot manager" },
    { 0xf00fffff, 0x10000002, "Windows boot manager" },
    { 0xf00fffff, 0x10000003, "OS loader" },
    { 0xf00fffff, 0x10000004, "resume loader" },
    { 0xf00fffff, 0x10000005, "memory tester" },
    { 0xf00fffff, 0x10000006, "legacy OS loader" },
    { 0xf00fffff, 0x10000007, "setup loader" },
    { 0xf00fffff, 0x10000008, "boot sector" },
    { 0xf00fffff, 0x10000009, "startup module" },
    { 0xf00fffff, 0x1000000a, "boot application" },
    { 0xf00fffff, 0x100fffff, "firmware application" },
    { 0xf0000000, 0x20000000, "settings" },
    { 0xf0000000, 0x30000000, "device options" },
};
/* clang-format on */

const char *boot_bcd_object_name(const char *key)
{
    struct guid want, known;
    if (!guid_parse(key, &want))
        return NULL;
    for (size_t i = 0; i < boot_bcd_nknown; i++)
        if (guid_parse(boot_bcd_known[i].guid, &known) && memcmp(&want, &known, sizeof want) == 0)
            return boot_bcd_known[i].name;
    return NULL;
}

const char *boot_bcd_type_name(uint32_t type)
{
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if ((type & types[i].mask) == types[i].value)
            return types[i].name;
    return NULL;
}

const char *boot_bcd_element_name(uint32_t object_type, uint32_t id)
{
    for (size_t i = 0; i < ARRAY_LEN(elements); i++)
        if (elements[i].id == id &&
            (elements[i].object == ANY || elements[i].object == (object_type & 0xfffff)))
            return elements[i].name;
    return NULL;
}

enum hive_reg boot_bcd_reg(enum boot_bcd_format format)
{
    return format == BCD_STRING || format == BCD_OBJECT ? HIVE_SZ
           : format == BCD_OBJECTS                      ? HIVE_MULTI_SZ
                                                        : HIVE_BINARY;
}

static void print_object(FILE *f, const char *key)
{
    const char *name = boot_bcd_object_name(key);
    if (name)
        fprintf(f, "{%s}", name);
    else
        fputs(key, f);
}

static void print_texts(FILE *f, struct wtg_span data, bool objects)
{
    char text[512];
    for (size_t at = 0; at < data.n;) {
        size_t used = hive_decode_text(data.p + at, data.n - at, text, sizeof text);
        if (at > 0 && !*text)
            return; /* the end of a list */
        fputs(at ? " " : "", f);
        if (objects)
            print_object(f, text);
        else
            fputs(text, f);
        at += used;
    }
}

static void print_bytes(FILE *f, struct wtg_span data)
{
    enum { SHOWN = 32 };
    for (size_t i = 0; i < data.n && i < SHOWN; i++)
        fprintf(f, "%s%02x", i ? " " : "", data.p[i]);
    if (data.n > SHOWN)
        fprintf(f, " ... (%zu bytes)", data.n);
}

static void print_value(FILE *f, const struct boot_bcd_element *e)
{
    char device[512];
    enum boot_bcd_format format = boot_bcd_format(e->id);
    bool number =
        (format == BCD_INTEGER && e->data.n == 8) || (format == BCD_INTEGERS && e->data.n % 8 == 0);
    if (!e->present)
        fputs("nothing", f);
    else if (e->type != boot_bcd_reg(format))
        fprintf(f, "a value of type %d with %zu bytes", (int)e->type, e->data.n);
    else if (format == BCD_DEVICE)
        fputs(boot_device_text(e->data, device, sizeof device), f);
    else if (format == BCD_STRING || format == BCD_OBJECT || format == BCD_OBJECTS)
        print_texts(f, e->data, format != BCD_STRING);
    else if (number)
        for (size_t i = 0; i < e->data.n; i += 8)
            fprintf(f, "%s0x%" PRIx64, i ? " " : "", le64_at(e->data.p + i));
    else if (format == BCD_BOOLEAN && e->data.n == 1)
        fputs(e->data.p[0] ? "yes" : "no", f);
    else
        print_bytes(f, e->data);
}

char *boot_bcd_element_text(const struct boot_bcd_element *e, char *buf, size_t cap)
{
    buf[0] = '\0';
    FILE *f = fmemopen(buf, cap, "w");
    if (!f)
        return buf;
    print_value(f, e);
    fclose(f);
    buf[cap - 1] = '\0';
    return buf;
}

int boot_bcd_text(const struct boot_bcd *b, char **ret, struct wtg_err *err)
{
    AUTO_FREE char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    if (!f)
        return wtg_fail_nomem(err);
    for (size_t i = 0; i < b->nobjects; i++) {
        const struct boot_bcd_object *o = &b->object[i];
        const char *type = boot_bcd_type_name(o->type);
        fputs(i ? "\n" : "", f);
        print_object(f, o->key);
        if (o->has_type)
            fprintf(f, " 0x%08" PRIx32 " %s\n", o->type, type ? type : "unknown");
        else
            fputs(" without type\n", f);
        for (size_t k = 0; k < o->nelements; k++) {
            const struct boot_bcd_element *e = &o->element[k];
            const char *name = boot_bcd_element_name(o->type, e->id);
            fprintf(f, "  %-8s %-24s ", e->key, name ? name : "unknown");
            print_value(f, e);
            fputc('\n', f);
        }
    }
    bool bad = ferror(f);
    if (fclose(f) != 0 || bad)
        return wtg_fail_nomem(err);
    *ret = TAKE_PTR(text);
    return 0;
}
