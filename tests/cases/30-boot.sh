#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The stick starts: UEFI firmware in a virtual PC finds it on USB, loads the (stand-in) boot manager
# from the ESP, and that reads and proves files on the NTFS volume.  (Not compact: the stand-in is GRUB,
# which cannot read compact files.)
# timeout: 400
# long
. "$(dirname "$0")/lib.sh"
need qemu-system-x86_64
need_samples sample.iso

expect 0 "create makes a stick image" \
    "$wtg" create "$samples/sample.iso" stick.img --size 4G --yes --seed boot --compact off || { cat err; finish; }
code=0
"$top/tests/boot/boot-image" stick.img >boot.log 2>&1 </dev/null || code=$?
[ "$code" -eq 77 ] && skip_all "$(tail -1 boot.log)"
if [ "$code" -eq 0 ]; then pass "firmware, boot manager and NTFS volume work together"; else
    fail "firmware, boot manager and NTFS volume work together" "$(cat boot.log)"
fi
finish
