/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "windows/windows.h"

#include <string.h>

#include "base/mem.h"

/* docs/settings.md tells the source of each. */
/* clang-format off */
const struct windows_setting windows_settings[] = {
    { .slug = "san-policy",
      .why = N_("keeps the disks of the computer it runs on offline, so that nothing there changes"),
      .value = { { "SYSTEM", "%CCS%\\Services\\partmgr\\Parameters", "SanPolicy", 4 } } },
    { .slug = "portable",
      .why = N_("tells Windows that it runs from a stick; it then refuses feature updates"),
      .value = { { "SYSTEM", "%CCS%\\Control", "PortableOperatingSystem", 1 } } },
    { .slug = "device-encryption",
      .why = N_("keeps Windows from encrypting the stick for one computer by itself"),
      .value = { { "SYSTEM", "%CCS%\\Control\\BitLocker", "PreventDeviceEncryption", 1 } } },
    { .slug = "hibernation",
      .why = N_("turns hibernation off: the next computer could not wake what this one left"),
      .value = { { "SYSTEM", "%CCS%\\Control\\Power", "HibernateEnabled", 0 },
                 { "SYSTEM", "%CCS%\\Control\\Power", "HibernateEnabledDefault", 0 } } },
    { .slug = "fast-startup",
      .why = N_("turns fast startup off: shutting down then leaves the stick clean for any computer"),
      .value = { { "SYSTEM", "%CCS%\\Control\\Session Manager\\Power", "HiberbootEnabled", 0 } } },
    { .slug = "winre",
      .why = N_("leaves the recovery environment out: it repairs built-in disks, and takes space"),
      .remove = "\\Windows\\System32\\Recovery\\winre.wim" },
};
/* clang-format on */
const size_t windows_nsettings = ARRAY_LEN(windows_settings);

int windows_setting_find(const char *slug)
{
    for (size_t i = 0; i < windows_nsettings; i++)
        if (strcmp(windows_settings[i].slug, slug) == 0)
            return (int)i;
    return -1;
}
