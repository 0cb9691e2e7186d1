/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "faults-priv.h"

/* ---- EFI system partition --------------------------------------------------------------- */

uint64_t fault_esp_at(const struct stick *s)
{
    return stick_part(s, DISK_ROLE_ESP)->offset_bytes;
}
uint64_t fault_fat_at(struct stick *s)
{
    return fault_esp_at(s) + (uint64_t)le16_at(stick_bytes(s) + fault_esp_at(s) + 14) * SECTOR;
}

void fault_fat_copy(struct stick *s) /* one of two tables */
{
    uint64_t fat = (uint64_t)le32_at(stick_bytes(s) + fault_esp_at(s) + 36) * SECTOR;
    stick_noise(&s->rng, stick_bytes(s) + fault_fat_at(s) + rng_below(&s->rng, 2) * fat + 8,
                64 + rng_below(&s->rng, 400));
}
void fault_fat_both(struct stick *s)
{
    uint64_t fat = (uint64_t)le32_at(stick_bytes(s) + fault_esp_at(s) + 36) * SECTOR;
    size_t n = 64 + rng_below(&s->rng, 400);
    uint8_t *p = stick_bytes(s) + fault_fat_at(s) + 12;
    stick_noise(&s->rng, p, n);
    memcpy(p + fat, p, n);
}
void fault_fat_boot(struct stick *s)
{
    memset(stick_bytes(s) + fault_esp_at(s), (int)rng_below(&s->rng, 2) * 0xff, SECTOR);
    if (rng_below(&s->rng, 2))
        memset(stick_bytes(s) + fault_esp_at(s) + 6 * SECTOR, 0, SECTOR);
}
void fault_fat_directory(struct stick *s) /* the root, or \EFI, becomes noise */
{
    stick_noise(&s->rng, stick_bytes(s) + stick_find(s, DISK_ROLE_ESP, "EFI        ", 11), 96);
}

static const char *const other_files[] = { "\\EFI\\Microsoft\\Boot\\boot.stl",
                                           "\\EFI\\Microsoft\\Boot\\Fonts\\segoe_slboot.ttf",
                                           "\\EFI\\Microsoft\\Boot\\Resources\\bootres.dll",
                                           "\\EFI\\Microsoft\\Boot\\memtest.efi" };
void fault_no_manager(struct stick *s)
{
    stick_delete(s, s->esp.tree, MANAGER);
}
void fault_no_fallback(struct stick *s)
{
    stick_delete(s, s->esp.tree, rng_below(&s->rng, 2) ? FALLBACK : "\\EFI\\Boot");
}
void fault_no_boot_file(struct stick *s)
{
    stick_delete(s, s->esp.tree, other_files[rng_below(&s->rng, 4)]);
}

static void spoil(struct stick *s, struct tree *t, const char *path)
{
    size_t n = 0;
    uint8_t *p = stick_read(t, path, &n);
    size_t at = rng_below(&s->rng, n), len = min_u64(n - at, 1 + rng_below(&s->rng, 5000));
    switch (rng_below(&s->rng, 3)) {
    case 0:
        p[at] ^= (uint8_t)(1u << rng_below(&s->rng, 8));
        break;
    case 1:
        stick_noise(&s->rng, p + at, len);
        break;
    default: /* cut off, as when a copy was interrupted */
        memset(p + n / 2, 0, n - n / 2);
    }
    stick_put(s, t, path, p, n);
    free(p);
}
void fault_bad_manager(struct stick *s)
{
    spoil(s, s->esp.tree, MANAGER);
}
void fault_bad_fallback(struct stick *s)
{
    spoil(s, s->esp.tree, FALLBACK);
}
void fault_bad_boot_file(struct stick *s)
{
    spoil(s, s->esp.tree, other_files[rng_below(&s->rng, 4)]);
}
void fault_policy(struct stick *s)
{
    stick_put(s, s->esp.tree, "\\EFI\\Microsoft\\Boot\\SkuSiPolicy.p7b", "policy", 6);
}

/* ---- BCD -------------------------------------------------------------------------------- */

void fault_no_bcd(struct stick *s)
{
    s->no_bcd = true;
}
void fault_bad_bcd(struct stick *s)
{
    switch (rng_below(&s->rng, 4)) {
    case 0:
        memset(s->bcd, 0, 512);
        break;
    case 1:
        s->bcd_bytes = 4096 + rng_below(&s->rng, 1000);
        break;
    case 2:
        stick_noise(&s->rng, s->bcd + 4096, 600);
        break;
    default: /* written half: sequence numbers */
        s->bcd[4]++;
    }
}

/* A store with a boot manager and nothing to start. */
void fault_empty_bcd(struct stick *s)
{
    struct wtg_err err = { 0 };
    struct hive *h = NULL;
    hive_key k;
    if (hive_new("BCD", "NewStoreRoot", 3, s->time, &h, &err) < 0 ||
        hive_make(h, hive_root(h), "Description", &k, &err) < 0 ||
        hive_set_text(h, k, "KeyName", HIVE_SZ, "BCD00000000", &err) < 0 ||
        hive_set_dword(h, k, "System", 1, &err) < 0 ||
        hive_make(h, hive_root(h), "Objects", &k, &err) < 0)
        abort();
    if (rng_below(&s->rng, 3) && /* often the boot manager is there */
        (hive_make(h, hive_root(h), "Objects\\{9dea862c-5cdd-4e70-acc1-f32b344d4795}\\Description",
                   &k, &err) < 0 ||
         hive_set_dword(h, k, "Type", 0x10100002, &err) < 0))
        abort();
    free(s->bcd);
    if (hive_commit(h, &s->bcd, &s->bcd_bytes, &err) < 0)
        abort();
    hive_free(h);
}

/* Sets an element of the system's own object. */
static void set_element(struct stick *s, bool manager, const char *id, const char *text, bool list)
{
    struct wtg_err err = { 0 };
    struct seed seed = seed_from_text(s->seed);
    struct guid loader = seed_guid(&seed, "loader");
    char name[GUID_TEXT_BYTES], path[128];
    struct hive *h = NULL;
    hive_key k;
    uint8_t *out = NULL;
    size_t n = 0;

    guid_text(&loader, name);
    snprintf(path, sizeof path, "Objects\\{%s}\\Elements\\%s",
             manager ? "9dea862c-5cdd-4e70-acc1-f32b344d4795" : name, id);
    if (hive_open((struct wtg_span){ s->bcd, s->bcd_bytes }, "BCD", true, &h, &err) < 0 ||
        hive_make(h, hive_root(h), path, &k, &err) < 0 ||
        (list ? hive_set_list(h, k, "Element", &text, 1, &err)
              : hive_set_text(h, k, "Element", HIVE_SZ, text, &err)) < 0 ||
        hive_commit(h, &out, &n, &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        abort();
    }
    hive_free(h);
    free(s->bcd);
    s->bcd = out;
    s->bcd_bytes = n;
}
void fault_bcd_path(struct stick *s)
{
    static const char *const paths[] = { "\\Windows\\system32\\winload.exe",
                                         "\\WINNT\\system32\\winload.efi",
                                         "\\Windows\\system32\\boot\\winload.efi" };
    if (rng_below(&s->rng, 4) == 0)
        set_element(s, false, "22000002", "\\Windows.old", false);
    else
        set_element(s, false, "12000002", paths[rng_below(&s->rng, 3)], false);
}
void fault_bcd_dangling(struct stick *s)
{
    set_element(s, true, "24000001", "{11111111-2222-3333-4444-555555555555}", true);
}
static void guid_changes(struct stick *s, struct guid *g)
{
    stick_noise(&s->rng, g, sizeof *g);
}
void fault_bcd_other_disk(struct stick *s)
{
    guid_changes(s, &s->bcd_disk);
}
void fault_bcd_other_partition(struct stick *s)
{
    guid_changes(s, rng_below(&s->rng, 2) ? &s->bcd_windows : &s->bcd_esp);
}
void fault_bcd_wrong_partition(struct stick *s)
{
    s->bcd_windows = s->bcd_esp;
}
