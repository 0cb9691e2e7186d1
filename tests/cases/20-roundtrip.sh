#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What is hard to carry over arrives unchanged: an image made without our code, laid onto a volume by
# ours, captured again by wimlib, compared in every field that libwim can show.
# timeout: 600
# long
. "$(dirname "$0")/lib.sh"
need_samples hard.wim

expect 0 "create --no-boot lays any image onto a volume" \
    "$wtg" create "$samples/hard.wim" hard.img --size 12G --no-boot --yes --seed hard || {
    cat err
    finish
}
check "our own checker" "$wtg" disk check hard.img
sgdisk -v hard.img >sgdisk.log 2>&1
says "sgdisk -v: no problems" sgdisk.log "No problems found"
number=$(windows_part hard.img)
if [ "$number" = 1 ]; then pass "one partition"; else fail "one partition, not $number"; fi
part hard.img 1 ntfs || finish
rm hard.img

look_at_volume ntfs
if [ "$(grep -c / fls.log)" -gt 10000 ]; then pass "fls sees 10,000 names and more"; else fail "fls: names"; fi
check "grub-fstest ls of 10,000 names" grub-fstest ntfs ls '(loop0)/many/'

quietly wimlib-imagex capture ntfs after.wim --compress=XPRESS --norpfix
check "every name, link, stream, descriptor, time, attribute, reparse point and hash is the same" \
    "$build/tests/cases/wimdiff" "$samples/hard.wim" after.wim
finish
