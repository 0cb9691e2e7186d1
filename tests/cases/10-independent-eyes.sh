#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A stick made from the sample ISO, looked at by every program that knows these formats and is not
# ours; and by our own checker.
. "$(dirname "$0")/lib.sh"
need_samples sample.iso install.wim

expect 0 "create makes a stick image" \
    "$wtg" create "$samples/sample.iso" stick.img --size 8G --yes --seed eyes --compact off || { cat err; finish; }
check "our own checker: disk, FAT and NTFS" "$wtg" disk check stick.img

# The table.
sgdisk -v stick.img >sgdisk.log 2>&1
says "sgdisk -v: no problems" sgdisk.log "No problems found"
check "sfdisk --verify" sfdisk --verify --quiet stick.img
sgdisk -p stick.img >table
says "an ESP of 260 MiB, an MSR of 16 MiB, Windows" table \
    "2048 .* 260\.0 MiB +EF00" "16\.0 MiB +0C01" "0700"
sgdisk -i 3 stick.img >windows
first=$(awk '/^First sector:/ { print $3 }' windows)
if [ $((first % 2048)) -eq 0 ]; then pass "Windows starts at a MiB"; else fail "Windows starts at $first"; fi
part stick.img 1 esp || finish
part stick.img 3 ntfs || finish

# The ESP.
check "fsck.vfat -n" fsck.vfat -n -v esp
mdir -i esp -/ -b ::/ >esp.list 2>&1
says "mtools: the boot files stand where firmware and boot manager look" esp.list \
    '::/EFI/Boot/bootx64\.efi' '::/EFI/Microsoft/Boot/BCD' '::/EFI/Microsoft/Boot/bootmgfw\.efi' \
    '::/EFI/Microsoft/Boot/en-us/bootmgfw\.efi\.mui' '::/EFI/Microsoft/Boot/Fonts/' \
    '::/EFI/Microsoft/Boot/Resources/bootres\.dll'
mcopy -i esp ::/EFI/Boot/bootx64.efi fallback.efi && mcopy -i esp ::/EFI/Microsoft/Boot/BCD bcd
same "the fallback loader is the image's boot manager" fallback.efi "$samples/bootmgfw.efi"
check "hivex reads the BCD store" hivexget bcd '\Description' KeyName
check "7z tests the ESP" 7z t esp

# The volume.
look_at_volume ntfs
says "fls sees the files" fls.log 'Windows/System32/module-0377\.dll' '你好\.txt' 'System32/explorer\.exe'
says "fsntfsinfo -H lists the files" fsntfs.log 'module-0377\.dll'
check "grub-fstest ls" grub-fstest ntfs ls '(loop0)/Windows/System32/'
if grub-fstest ntfs cat '(loop0)/Windows/wtg-marker.txt' 2>/dev/null | grep -q 'wtg-sample: the marker'; then
    pass "grub-fstest cat"
else
    fail "grub-fstest cat"
fi
if ntfscat -f ntfs Windows/System32/large.dll | sha1sum | grep -q "$(
    ntfscat -f ntfs Windows/wtg-sums.txt | awk '/large.dll/ { print $1 }')"; then
    pass "ntfscat: the content of a large file"
else
    fail "ntfscat: the content of a large file"
fi

# Content, as wimlib captures it: the image, but for what create says that it changes.
quietly wimlib-imagex capture ntfs after.wim --compress=none --norpfix
"$build/tests/cases/wimdiff" "$samples/install.wim" after.wim >diff.log
grep -vE '^/(Windows/System32/config/|Windows/System32/Recovery)|names compared' diff.log >unplanned
if [ -s unplanned ]; then
    fail "only what the plan names was changed" "$(cat unplanned)"
else
    pass "only what the plan names was changed"
fi
finish
