/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "faults-priv.h"

#include "sign/pe-sum.h"

/* ---- Windows ---------------------------------------------------------------------------- */

static const char *hive_path(struct stick *s)
{
    return rng_below(&s->rng, 2) ? SYSTEM_HIVE : "\\Windows\\System32\\config\\SOFTWARE";
}
static void change_hive(struct stick *s, bool damage)
{
    const char *path = hive_path(s);
    size_t n = 0;
    uint8_t *p = stick_read(s->tree, path, &n);
    if (!damage)
        p[4] = (uint8_t)(p[8] + 1 + rng_below(&s->rng, 5)); /* sequence numbers */
    else if (rng_below(&s->rng, 2))
        stick_noise(&s->rng, p + 4096 + 32, 400);
    else
        memset(p, 0, 4096);
    if (!damage) {
        uint32_t sum = hive_checksum(p);
        put_le32(p + 0x1fc, sum);
    }
    stick_put(s, s->tree, path, p, n);
    free(p);
}
void fault_bad_hive(struct stick *s)
{
    change_hive(s, true);
}
void fault_dirty_hive(struct stick *s)
{
    change_hive(s, false);
}
void fault_control_set(struct stick *s)
{
    stick_set_dword(s, "SYSTEM", "Select", rng_below(&s->rng, 2) ? "Current" : "Default",
                    2 + (uint32_t)rng_below(&s->rng, 5));
}
void fault_san_policy(struct stick *s)
{
    stick_set_dword(s, "SYSTEM", "ControlSet001\\Services\\partmgr\\Parameters", "SanPolicy",
                    (uint32_t)rng_below(&s->rng, 4));
}
void fault_portable(struct stick *s)
{
    stick_set_dword(s, "SYSTEM", "ControlSet001\\Control", "PortableOperatingSystem", 0);
}
void fault_encryption(struct stick *s)
{
    stick_set_dword(s, "SYSTEM", "ControlSet001\\Control\\BitLocker", "PreventDeviceEncryption", 0);
}
void fault_boot_drivers(struct stick *s)
{
    static const char *const names[] = { "USBXHCI", "USBHUB3", "UCX01000", "USBSTOR" };
    char key[64];
    snprintf(key, sizeof key, "ControlSet001\\Services\\%s", names[rng_below(&s->rng, 4)]);
    if (rng_below(&s->rng, 2))
        stick_set_dword(s, "SYSTEM", key, "Start", 4);
    else
        stick_set_dword(s, "SYSTEM", key, "BootFlags", 0);
}
void fault_stale_mount(struct stick *s)
{
    char key[128];
    snprintf(key, sizeof key,
             "Microsoft\\WIMMount\\Mounted Images\\{%08x-0000-4000-8000-000000000000}",
             (unsigned)rng_below(&s->rng, 1 << 30));
    stick_make_key(s, "SOFTWARE", key);
}
void fault_pending(struct stick *s)
{
    if (rng_below(&s->rng, 2))
        stick_put(s, s->tree, "\\Windows\\WinSxS\\pending.xml",
                  "<?xml version=\"1.0\"?><PendingTransaction/>", 42);
    else
        stick_make_key(
            s, "SOFTWARE",
            "Microsoft\\Windows\\CurrentVersion\\Component Based Servicing\\RebootPending");
}

static void any_file(struct stick *s, char path[96])
{
    switch (rng_below(&s->rng, 3)) {
    case 0:
        snprintf(path, 96, "\\Windows\\System32\\module-%02zu.dll", 1 + rng_below(&s->rng, 39));
        break;
    case 1:
        snprintf(path, 96, "\\Windows\\System32\\drivers\\driver-%02zu.sys",
                 rng_below(&s->rng, 12));
        break;
    default:
        snprintf(path, 96, "%s",
                 rng_below(&s->rng, 2) ? "\\Windows\\System32\\ntoskrnl.exe"
                                       : "\\Windows\\explorer.exe");
    }
}
void fault_file_missing(struct stick *s)
{
    char path[96];
    any_file(s, path);
    stick_delete(s, s->tree, path);
}
/* What stands on the volume changes, without anybody having written the file. */
static void spoil_on_disk(struct stick *s, const char *path)
{
    size_t n = 0;
    uint8_t *p = stick_read(s->tree, path, &n);
    uint64_t at = stick_find(s, DISK_ROLE_WINDOWS, p + min_u64(n / 2, 0x400), min_u64(n / 4, 64));
    if (rng_below(&s->rng, 2))
        fault_flip(s, at, min_u64(n / 4, 64));
    else
        memset(stick_bytes(s) + at, 0, min_u64(n / 4, 64));
    free(p);
}
void fault_file_damaged(struct stick *s)
{
    char path[96];
    any_file(s, path);
    spoil_on_disk(s, path);
}
void fault_loader_damaged(struct stick *s)
{
    spoil_on_disk(s, LOADER);
}
void fault_loader_missing(struct stick *s)
{
    stick_delete(s, s->tree, LOADER);
}
void fault_store_damaged(struct stick *s)
{
    char path[96];
    snprintf(path, sizeof path, "\\Windows\\WinSxS\\Manifests\\amd64_part-%02zu.manifest",
             25 + rng_below(&s->rng, 15));
    spoil_on_disk(s, path);
}

/* ---- Healthy ---------------------------------------------------------------------------- */

void fault_windows_ran(struct stick *s)
{
    static const char act[] =
        "2023-10-01 10:00:00, Info                  SYSPRP Sysprep succeeded\r\n";
    static const uint8_t wake[4096] = "wake";
    stick_put(s, s->tree, "\\Windows\\Panther\\setupact.log", act, sizeof act - 1);
    stick_put(s, s->tree, "\\Windows\\Logs\\CBS\\CBS.log", act, sizeof act - 1);
    if (rng_below(&s->rng, 2))
        stick_put(s, s->tree, "\\hiberfil.sys", wake, sizeof wake);
    stick_put(s, s->tree, "\\Users\\me\\NTUSER.DAT", act, sizeof act - 1);
    for (unsigned k = 0; k < 40; k++) {
        char key[64];
        snprintf(key, sizeof key, "ControlSet001\\Services\\installed-%u", k);
        stick_set_dword(s, "SYSTEM", key, "Start", k % 4);
    }
}
void fault_user_files(struct stick *s)
{
    char path[96], bytes[3000];
    for (size_t k = 0; k < 30; k++) {
        snprintf(path, sizeof path, "\\Users\\me\\Documents\\letter %zu.txt", k);
        stick_noise(&s->rng, bytes, sizeof bytes);
        stick_put(s, s->tree, path, bytes, rng_below(&s->rng, sizeof bytes));
    }
}
/* A program with other content whose checksum fits, and a later time. */
static void renew(struct stick *s, struct tree *t, const char *path)
{
    size_t n = 0;
    uint8_t *p = stick_read(t, path, &n);
    stick_noise(&s->rng, p + 0x200, n - 0x200);
    put_le32(p + 0x98, pe_sum_make((struct wtg_span){ p, n }));
    stick_put(s, t, path, p, n);
    struct tree_link *l = tree_find(t, path);
    l->node->written += 10000000000;
    free(p);
}
void fault_updated(struct stick *s)
{
    renew(s, s->tree, "\\Windows\\System32\\module-07.dll");
    renew(s, s->tree, "\\Windows\\System32\\ntoskrnl.exe");
    stick_set_dword(s, "SOFTWARE", "Microsoft\\Windows NT\\CurrentVersion", "UBR", 600);
}
void fault_other_manager(struct stick *s)
{
    renew(s, s->esp.tree, MANAGER);
    renew(s, s->esp.tree, FALLBACK);
}
void fault_more_on_esp(struct stick *s)
{
    stick_put(s, s->esp.tree, "\\EFI\\Microsoft\\Boot\\BCD.LOG1", "", 0);
    stick_put(s, s->esp.tree, "\\EFI\\refind\\refind.conf", "timeout 5\n", 10);
}
void fault_cleared_ubr(struct stick *s)
{
    stick_set_dword(s, "SYSTEM", "ControlSet001\\Control\\Power", "HibernateEnabled", 1);
}
