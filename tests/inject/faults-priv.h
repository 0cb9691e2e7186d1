/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TEST_FAULTS_PRIV_H
#define TEST_FAULTS_PRIV_H

#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/le.h"
#include "base/mem.h"
#include "faults.h"

/* What the files of faults share, and what the tables of faults.c name. */

enum { SECTOR = 512, ENTRIES = 128 * 128, ESP_ENTRY = 0, WINDOWS_ENTRY = 2 };

#define LOADER "\\Windows\\System32\\winload.efi"
#define MANAGER "\\EFI\\Microsoft\\Boot\\bootmgfw.efi"
#define FALLBACK "\\EFI\\Boot\\bootx64.efi"
#define SYSTEM_HIVE "\\Windows\\System32\\config\\SYSTEM"
#define BCD "\\EFI\\Microsoft\\Boot\\BCD"

void fault_primary_header(struct stick *s);
void fault_primary_entries(struct stick *s);
void fault_primary_wiped(struct stick *s);
void fault_beginning_wiped(struct stick *s);
void fault_backup_header(struct stick *s);
void fault_backup_entries(struct stick *s);
void fault_backup_wiped(struct stick *s);
void fault_both_headers(struct stick *s);
void fault_grown(struct stick *s);
void fault_copies_differ(struct stick *s);
void fault_mbr_wiped(struct stick *s);
void fault_mbr_foreign(struct stick *s);
void fault_set_type(struct stick *s, size_t i, const char *type);
void fault_windows_typed_esp(struct stick *s);
void fault_windows_typed_other(struct stick *s);
void fault_esp_typed_data(struct stick *s);
void fault_esp_removed(struct stick *s);
void fault_second_esp(struct stick *s);
void fault_small_partition(struct stick *s);
void fault_overlap(struct stick *s);
void fault_cut_short(struct stick *s);
void fault_bad_sectors(struct stick *s);
void fault_ends_early(struct stick *s);
void fault_wraps(struct stick *s);
void fault_hidden(struct stick *s);
void fault_odd_attribute(struct stick *s);
void fault_lost_services(struct stick *s);
uint64_t fault_esp_at(const struct stick *s);
uint64_t fault_fat_at(struct stick *s);
void fault_fat_copy(struct stick *s);
void fault_fat_directory(struct stick *s);
void fault_fill_up(struct stick *s);
void fault_fat_both(struct stick *s);
void fault_fat_boot(struct stick *s);
void fault_no_manager(struct stick *s);
void fault_no_fallback(struct stick *s);
void fault_no_boot_file(struct stick *s);
void fault_bad_manager(struct stick *s);
void fault_bad_fallback(struct stick *s);
void fault_bad_boot_file(struct stick *s);
void fault_policy(struct stick *s);
void fault_no_bcd(struct stick *s);
void fault_bad_bcd(struct stick *s);
void fault_empty_bcd(struct stick *s);
void fault_bcd_path(struct stick *s);
void fault_bcd_dangling(struct stick *s);
void fault_bcd_other_disk(struct stick *s);
void fault_bcd_other_partition(struct stick *s);
void fault_bcd_wrong_partition(struct stick *s);
uint64_t fault_win_at(const struct stick *s);
uint64_t fault_mft_at(struct stick *s);
void fault_ntfs_boot(struct stick *s);
void fault_ntfs_backup(struct stick *s);
void fault_ntfs_mirror(struct stick *s);
void fault_mft_first(struct stick *s);
void fault_dirty(struct stick *s);
void fault_ntfs_structure(struct stick *s);
void fault_ntfs_index(struct stick *s);
void fault_no_windows(struct stick *s);
void fault_asleep(struct stick *s);
void fault_bad_hive(struct stick *s);
void fault_dirty_hive(struct stick *s);
void fault_control_set(struct stick *s);
void fault_san_policy(struct stick *s);
void fault_portable(struct stick *s);
void fault_encryption(struct stick *s);
void fault_boot_drivers(struct stick *s);
void fault_stale_mount(struct stick *s);
void fault_pending(struct stick *s);
void fault_file_missing(struct stick *s);
void fault_file_damaged(struct stick *s);
void fault_loader_damaged(struct stick *s);
void fault_loader_missing(struct stick *s);
void fault_store_damaged(struct stick *s);
void fault_windows_ran(struct stick *s);
void fault_user_files(struct stick *s);
void fault_updated(struct stick *s);
void fault_other_manager(struct stick *s);
void fault_more_on_esp(struct stick *s);
void fault_cleared_ubr(struct stick *s);
void fault_flip(struct stick *s, uint64_t off, size_t n);
uint64_t fault_end_of(const struct stick *s);
uint8_t *fault_entry(struct stick *s, bool backup, size_t i);

#endif
