/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "hive/hive.h"

/* make-hive SYSTEM|SOFTWARE FILE: a registry hive as a freshly installed Windows has it, with only
 * what wtg looks at and a little around it.  The same bytes every time. */

static const uint64_t when = 133406000000000000; /* FILETIME, 2023-10-01 */

/* A value; text NULL: a DWORD. */
struct row {
    const char *key, *name;
    uint32_t number;
    const char *text;
    enum hive_reg type;
};

static const struct row system_rows[] = {
    { "Select", "Current", 1, NULL, HIVE_DWORD },
    { "Select", "Default", 1, NULL, HIVE_DWORD },
    { "Select", "Failed", 0, NULL, HIVE_DWORD },
    { "Select", "LastKnownGood", 1, NULL, HIVE_DWORD },
    { "Setup", "CmdLine", 0, "oobe\\windeploy.exe", HIVE_SZ },
    { "Setup", "OOBEInProgress", 1, NULL, HIVE_DWORD },
    { "Setup", "SetupType", 2, NULL, HIVE_DWORD },
    { "Setup", "SystemSetupInProgress", 1, NULL, HIVE_DWORD },
    { "ControlSet001\\Control", "BootDriverFlags", 0x1c, NULL, HIVE_DWORD },
    { "ControlSet001\\Control", "CurrentUser", 0, "USERNAME", HIVE_SZ },
    { "ControlSet001\\Control", "SystemBootDevice", 0, "multi(0)disk(0)rdisk(0)partition(1)",
      HIVE_SZ },
    { "ControlSet001\\Control\\ComputerName\\ComputerName", "ComputerName", 0, "MININT", HIVE_SZ },
    { "ControlSet001\\Control\\Power", "HibernateEnabled", 1, NULL, HIVE_DWORD },
    { "ControlSet001\\Control\\Power", "HibernateEnabledDefault", 1, NULL, HIVE_DWORD },
    { "ControlSet001\\Control\\Session Manager\\Memory Management", "PagingFiles", 0,
      "?:\\pagefile.sys", HIVE_MULTI_SZ },
    { "ControlSet001\\Control\\Session Manager\\Power", "HiberbootEnabled", 1, NULL, HIVE_DWORD },
    { "ControlSet001\\Services\\disk", "Start", 0, NULL, HIVE_DWORD },
    { "ControlSet001\\Services\\partmgr", "ErrorControl", 3, NULL, HIVE_DWORD },
    { "ControlSet001\\Services\\partmgr", "ImagePath", 0, "System32\\drivers\\partmgr.sys",
      HIVE_EXPAND_SZ },
    { "ControlSet001\\Services\\partmgr", "Start", 0, NULL, HIVE_DWORD },
    { "ControlSet001\\Services\\USBXHCI", "BootFlags", 0x10, NULL, HIVE_DWORD },
    { "ControlSet001\\Services\\USBXHCI", "Start", 3, NULL, HIVE_DWORD },
};

static const struct row software_rows[] = {
    { "Microsoft\\Windows NT\\CurrentVersion", "CurrentBuild", 0, "22621", HIVE_SZ },
    { "Microsoft\\Windows NT\\CurrentVersion", "EditionID", 0, "Professional", HIVE_SZ },
    { "Microsoft\\Windows NT\\CurrentVersion", "ProductName", 0, "wtg sample", HIVE_SZ },
    { "Microsoft\\Windows NT\\CurrentVersion", "UBR", 1, NULL, HIVE_DWORD },
    { "Microsoft\\Windows\\CurrentVersion", "DevicePath", 0, "%SystemRoot%\\inf", HIVE_EXPAND_SZ },
};

static const struct {
    const char *name;
    const struct row *row;
    size_t n;
} hives[] = {
    { "SYSTEM", system_rows, ARRAY_LEN(system_rows) },
    { "SOFTWARE", software_rows, ARRAY_LEN(software_rows) },
};

static int set(struct hive *h, const struct row *row, struct wtg_err *err)
{
    hive_key key = HIVE_NO_KEY;
    int r = hive_make(h, hive_root(h), row->key, &key, err);
    if (r < 0)
        return r;
    if (!row->text)
        return hive_set_dword(h, key, row->name, row->number, err);
    if (row->type == HIVE_MULTI_SZ)
        return hive_set_list(h, key, row->name, &row->text, 1, err);
    return hive_set_text(h, key, row->name, row->type, row->text, err);
}

static int make(size_t which, const char *file, struct wtg_err *err)
{
    struct hive *h = NULL;
    AUTO_FREE uint8_t *bytes = NULL;
    size_t n = 0;
    int r = hive_new(hives[which].name, "ROOT", 5, when, &h, err);
    for (size_t i = 0; r == 0 && i < hives[which].n; i++)
        r = set(h, &hives[which].row[i], err);
    if (r == 0)
        r = hive_commit(h, &bytes, &n, err);
    hive_free(h);
    if (r < 0)
        return r;
    FILE *f = fopen(file, "wb");
    bool good = f && fwrite(bytes, 1, n, f) == n;
    if (!f || fclose(f) != 0 || !good)
        return wtg_fail(err, WTG_E_IO, "'%s' could not be written", file);
    return 0;
}

int main(int argc, char **argv)
{
    struct wtg_err err = { 0 };
    for (size_t i = 0; argc == 3 && i < ARRAY_LEN(hives); i++)
        if (strcmp(argv[1], hives[i].name) == 0) {
            if (make(i, argv[2], &err) == 0)
                return 0;
            fprintf(stderr, "make-hive: %s\n", err.text);
            return 1;
        }
    fprintf(stderr, "usage: make-hive SYSTEM|SOFTWARE FILE\n");
    return 2;
}
