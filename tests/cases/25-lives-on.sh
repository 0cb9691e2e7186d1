#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A volume is not only read: another driver (libntfs-3g, in user space) puts files on ours, replaces
# some and makes $MFT grow, and afterwards everything still fits together.
. "$(dirname "$0")/lib.sh"
need ntfscp
need_samples install.wim

expect 0 "create a volume" "$wtg" create "$samples/install.wim" disk.img --size 1G --yes --no-boot \
    --seed lives || { cat err; finish; }
part disk.img 1 ntfs || finish

head -c 3000000 /dev/urandom >large
for i in $(seq 1 120); do
    echo "file $i" >small
    ntfscp -q ntfs small "/Windows/System32/new file number $i with a long name.txt" || break
done >cp.log 2>&1
check "ntfscp of 120 small files" test "$i" -eq 120
check "ntfscp of a large file" ntfscp -q ntfs large /Users/large
check "ntfscp over a file that is there" ntfscp -q ntfs large /Windows/System32/module-0100.dll
ntfscat ntfs /Users/large >back
same "what was put there is there" large back
look_at_volume ntfs
check "our own checker" "$wtg" disk check --volume ntfs
fls -r -p ntfs >fls.log 2>&1
says "the new files are listed" fls.log 'new file number 1 with' 'new file number 120 with' 'Users/large'
finish
