#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# wtg diagnose with logs of every shape: packed, wide, in folders, from a pipe, damaged; and its exit codes.
. "$(dirname "$0")/lib.sh"
need jq xz gzip zstd iconv

cause() { # what cause rc arguments...: the first finding is this cause ("" for none)
    local what=$1 wanted=$2 code=$3 found
    shift 3
    "$wtg" diagnose --json --quiet "$@" >out 2>err
    local rc=$?
    found=$(jq -rs 'map(select(.event == "diagnosis"))[0].findings[0].cause // ""' out)
    if [ "$rc" = "$code" ] && [ "$found" = "$wanted" ]; then
        pass "$what"
    else
        fail "$what" "exit $rc, wanted $code; found '$found', wanted '$wanted'" "$(cat err)"
    fi
}

message="grub-install: error: /usr/lib/grub/i386-pc/modinfo.sh doesn't exist. Please specify --target or --directory."
printf 'Installing GRUB...\r\n%s\r\n' "$message" >plain.log
gzip -k plain.log
xz -k plain.log
zstd -q -k plain.log
iconv -t UTF-16 plain.log >wide.log
iconv -t UTF-16BE plain.log >widebe.log
mkdir -p folder/deep
cp plain.log.gz folder/deep/setup.log.1.gz
echo 'all is well' >folder/a.log

for f in plain.log plain.log.gz plain.log.xz plain.log.zst wide.log widebe.log folder; do
    cause "$f" grub_pc_bin_missing 3 --log "$f"
done
cause "two logs" grub_pc_bin_missing 3 --log folder/a.log --log wide.log
"$wtg" diagnose --log - --json <plain.log.xz | jq -es 'last.findings[0].cause == "grub_pc_bin_missing"' >/dev/null &&
    pass "standard input" || fail "standard input"
cause "a log that tells of nothing" "" 0 --log folder/a.log
cause "a code" disk_full_target 3 --code 0x80070070
cause "a code that only its page knows" incomplete_image_set 3 --code wimlib:55
cause "the same code, signed" disk_full_target 3 --code -2147024784

# Whatever bytes a log holds: an answer or a sentence, no crash.
head -c 300000 /dev/urandom >random.log
head -c 200000 /dev/zero >zeroes.log
head -c 2000000 /dev/zero | tr '\0' 'x' >endless.log
printf 'ElfFile\0not an event log' >broken.evtx
head -c 40 plain.log.xz >short.log.xz
: >empty.log
for f in random zeroes endless broken.evtx short.log.xz empty; do
    [ -e "$f" ] || f=$f.log
    "$wtg" diagnose --quiet --log "$f" >out 2>err
    rc=$?
    if [ $rc -le 3 ]; then pass "$f: exit $rc"; else fail "$f: exit $rc" "$(cat err)"; fi
done
expect 1 "no such log" "$wtg" diagnose --log nowhere.log
expect 2 "nothing given" "$wtg" diagnose
expect 2 "no such question" "$wtg" diagnose --code 0x80070005 --answer nonsense=yes
expect 2 "no such answer" "$wtg" diagnose --code 0x80070005 --answer other-port=perhaps

# An answer moves the verdict, and is not asked for again.
cat >media.log <<'LOG'
Buffer I/O error on dev sdb1, logical block 12
usb 1-1: USB disconnect, device number 4
LOG
cause "an answer counts" usb_disconnected 3 --log media.log --answer other-port=yes
cause "so does its opposite" bad_usb_media 3 --log media.log --answer other-port=no

# Nothing that a person reads is wider than 80 columns.
"$wtg" diagnose --log media.log --verbose >wide.out
if awk 'length($0) > 80 { exit 1 }' wide.out; then pass "fits 80 columns"; else fail "fits 80 columns" "$(cat wide.out)"; fi
finish
