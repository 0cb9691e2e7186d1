/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "faults-priv.h"

/* clang-format off */
const struct fault_kind fault_kinds[] = {
    { "gpt-primary-header",   "gpt_primary_damaged",   { .bytes = fault_primary_header },  false, true },
    { "gpt-primary-entries",  "gpt_primary_damaged",   { .bytes = fault_primary_entries }, false, true },
    { "gpt-primary-wiped",    "gpt_primary_damaged",   { .bytes = fault_primary_wiped },   false, true },
    { "beginning-wiped",      "gpt_primary_damaged|gpt_both_damaged", { .bytes = fault_beginning_wiped }, false, true },
    { "gpt-backup-header",    "gpt_backup_damaged",    { .bytes = fault_backup_header },   false, true },
    { "gpt-backup-entries",   "gpt_backup_damaged",    { .bytes = fault_backup_entries },  false, true },
    { "gpt-backup-wiped",     "gpt_backup_damaged",    { .bytes = fault_backup_wiped },    false, true },
    { "gpt-both",             "gpt_both_damaged",      { .bytes = fault_both_headers },    false, true },
    { "larger-disk",          "gpt_backup_misplaced",  { .layout = fault_grown },          false, true },
    { "gpt-copies-differ",    "gpt_copies_differ",     { .bytes = fault_copies_differ },   false, true },
    { "mbr-wiped",            "protective_mbr_damaged", { .bytes = fault_mbr_wiped },      false, true },
    { "mbr-foreign",          "protective_mbr_damaged", { .bytes = fault_mbr_foreign },    false, true },
    { "windows-typed-esp",    "usb_partition_typed_as_esp", { .bytes = fault_windows_typed_esp }, false, true },
    { "windows-typed-other",  "partition_wrong_type",  { .bytes = fault_windows_typed_other }, false, true },
    { "esp-typed-data",       "partition_wrong_type",  { .bytes = fault_esp_typed_data },  false, true },
    { "esp-removed",          "esp_missing",           { .bytes = fault_esp_removed },     false, false },
    { "second-esp",           "second_esp",            { .bytes = fault_second_esp },      false, false },
    { "overlap",              "partitions_overlap",    { .bytes = fault_overlap },         false, false },
    { "cut-short",            "partition_beyond_disk", { .bytes = fault_cut_short },       false, false },
    { "fat-copy",             "esp_file_system_damaged", { .bytes = fault_fat_copy },      false, true },
    { "fat-both",             "esp_file_system_damaged", { .bytes = fault_fat_both },      false, true },
    { "fat-boot",             "esp_file_system_damaged", { .bytes = fault_fat_boot },      false, true },
    { "fat-directory",        "esp_file_system_damaged", { .bytes = fault_fat_directory }, false, true },
    { "manager-missing",      "esp_boot_file_missing", { .esp = fault_no_manager },        false, true },
    { "fallback-missing",     "esp_boot_file_missing", { .esp = fault_no_fallback },       false, true },
    { "boot-file-missing",    "esp_boot_file_missing", { .esp = fault_no_boot_file },      false, true },
    { "manager-damaged",      "esp_boot_file_damaged", { .esp = fault_bad_manager },       false, true },
    { "fallback-damaged",     "esp_boot_file_damaged", { .esp = fault_bad_fallback },      false, true },
    { "boot-file-damaged",    "esp_boot_file_damaged", { .esp = fault_bad_boot_file },     false, true },
    { "policy",               "secureboot_policy_newer_than_bootloader", { .esp = fault_policy }, false, true },
    { "bcd-missing",          "bcd_missing",           { .layout = fault_no_bcd },         false, true },
    { "bcd-damaged",          "bcd_damaged",           { .bcd = fault_bad_bcd },           false, true },
    { "bcd-empty",            "bcd_store_empty",       { .bcd = fault_empty_bcd },         false, true },
    { "bcd-other-disk",       "bcd_device_unresolved", { .layout = fault_bcd_other_disk }, false, true },
    { "bcd-other-partition",  "bcd_device_unresolved", { .layout = fault_bcd_other_partition }, false, true },
    { "bcd-wrong-partition",  "bcd_device_unresolved", { .layout = fault_bcd_wrong_partition }, false, true },
    { "bcd-path",             "bcd_path_missing",      { .bcd = fault_bcd_path },          false, true },
    { "ntfs-boot",            "ntfs_boot_sector_damaged", { .bytes = fault_ntfs_boot },    false, true },
    { "ntfs-backup",          "ntfs_backup_boot_damaged", { .bytes = fault_ntfs_backup },  false, true },
    { "ntfs-mirror",          "ntfs_mft_mirror_differs", { .bytes = fault_ntfs_mirror },   false, true },
    { "mft-first-records",    "ntfs_mft_mirror_differs", { .bytes = fault_mft_first },     false, true },
    { "ntfs-dirty",           "ntfs_dirty_volume",     { .bytes = fault_dirty },           false, true },
    { "ntfs-record",          "ntfs_structure_damaged", { .bytes = fault_ntfs_structure }, false, false },
    { "ntfs-index",           "ntfs_structure_damaged", { .bytes = fault_ntfs_index },     false, false },
    { "windows-gone",         "windows_volume_missing", { .bytes = fault_no_windows },     false, false },
    { "full",                 "disk_full_target",      { .files = fault_fill_up },         false, false },
    { "asleep",               "windows_fast_startup",  { .files = fault_asleep },          false, true },
    { "hive-damaged",         "registry_hive_damaged", { .files = fault_bad_hive },        true,  true },
    { "hive-dirty",           "registry_hive_dirty",   { .files = fault_dirty_hive },      false, true },
    { "control-set",          "control_set_unresolved", { .files = fault_control_set },    false, true },
    { "san-policy",           "san_policy_wrong",      { .files = fault_san_policy },      false, true },
    { "portable",             "portable_flag_missing", { .files = fault_portable },        false, true },
    { "device-encryption",    "bitlocker_auto_encryption", { .files = fault_encryption },  false, true },
    { "boot-drivers",         "usb_boot_drivers_not_configured", { .files = fault_boot_drivers }, false, true },
    { "stale-mount",          "stale_dism_mount",      { .files = fault_stale_mount },     false, true },
    { "update-pending",       "servicing_pending",     { .files = fault_pending },         false, false },
    { "file-missing",         "system_file_missing",   { .files = fault_file_missing },    true,  true },
    { "file-damaged",         "system_file_damaged",   { .bytes = fault_file_damaged },    true,  true },
    { "loader-missing",       "system_file_missing",   { .esp = fault_loader_missing },    true,  true },
    { "loader-damaged",       "system_file_damaged",   { .bytes = fault_loader_damaged },  true,  true },
    { "store-damaged",        "component_store_corrupt", { .bytes = fault_store_damaged }, true,  true },
    { "bad-sectors",          "bad_usb_media",         { .bytes = fault_bad_sectors },     false, false },
    { "ends-early",           "fake_capacity_usb",     { .bytes = fault_ends_early },      false, false },
    { "wraps",                "fake_capacity_usb",     { .bytes = fault_wraps },           false, false },
};
const size_t fault_count = ARRAY_LEN(fault_kinds);

const struct fault_kind unknown_kinds[] = {
    { "hidden",           "", { .bytes = fault_hidden },        false, false },
    { "odd-attribute",    "", { .bytes = fault_odd_attribute }, false, false },
    { "lost-services",    "", { .files = fault_lost_services }, false, false },
    { "dangling-menu",    "", { .bcd = fault_bcd_dangling },    false, false },
};
const size_t unknown_count = ARRAY_LEN(unknown_kinds);

const struct fault_kind variations[] = {
    { "windows-ran",      "", { .files = fault_windows_ran },     false, false },
    { "user-files",       "", { .files = fault_user_files },      false, false },
    { "updated",          "", { .files = fault_updated },         false, false },
    { "other-manager",    "", { .esp = fault_other_manager },     false, false },
    { "more-on-esp",      "", { .esp = fault_more_on_esp },       false, false },
    { "small-partition",  "", { .bytes = fault_small_partition }, false, false },
    { "hibernation-on",   "", { .files = fault_cleared_ubr },     false, false },
};
const size_t variation_count = ARRAY_LEN(variations);
/* clang-format on */

bool fault_judges(const struct fault_kind *k)
{
    return hash_quick(k->name, strlen(k->name)) & 1;
}
