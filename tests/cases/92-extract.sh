#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# 'wtg image extract', compared with wimlib's.
. "$(dirname "$0")/lib.sh"
need wimlib-imagex jq python3
need_samples install.wim install.esd none.wim multi.wim sample.iso

wimlib-imagex extract "$samples/install.wim" 1 /Windows/System32 /Windows/Boot --dest-dir=peer --no-acls >/dev/null
for f in install.wim install.esd sample.iso; do
    expect 0 "$f: two directories" "$wtg" image extract "$samples/$f" /windows/SYSTEM32 '\Windows\Boot' --output "$f.d"
    (cd peer && find . -type f -exec sha1sum {} + | sort) >want
    (cd "$f.d" && find . -type f -exec sha1sum {} + | sort) >got
    same "$f: the files that wimlib extracts" want got
done
if [ "$(stat -c %Y peer/System32/winload.efi)" = "$(stat -c %Y install.wim.d/System32/winload.efi)" ]; then
    pass "times are kept"
else fail "times are kept"; fi
expect 4 "files that are there are not touched" "$wtg" image extract "$samples/install.wim" /Windows/Boot --output install.wim.d
expect 0 "a pattern" "$wtg" image extract "$samples/install.wim" '/Windows/System32/WIN*.efi' --output glob --json
same "a pattern: its file" glob/winload.efi peer/System32/winload.efi
if [ "$(find glob -type f | wc -l)" = "$(find peer/System32 -maxdepth 1 -iname 'win*.efi' | wc -l)" ]; then
    pass "a pattern: no other"
else fail "a pattern: no other" "$(find glob)"; fi
expect 0 "to standard output" "$wtg" image extract "$samples/install.esd" /Windows/System32/winload.efi --output -
same "to standard output" out peer/System32/winload.efi
expect 2 "a folder to standard output" "$wtg" image extract "$samples/install.esd" /Windows --output -
expect 1 "nothing of that name" "$wtg" image extract "$samples/install.wim" /nothing
expect 2 "which of two?" "$wtg" image extract "$samples/multi.wim" /Windows --output x
expect 0 "the second of two" "$wtg" image extract "$samples/multi.wim" /Windows/System32/winload.efi --index 2 --output two

# A damaged file is not left behind.
cp "$samples/none.wim" flipped.wim
python3 - flipped.wim peer/System32/ntoskrnl.exe <<'PY'
import sys
b = bytearray(open(sys.argv[1], "rb").read())
at = b.find(open(sys.argv[2], "rb").read())
b[at + 50] ^= 1
open(sys.argv[1], "wb").write(b)
PY
expect 1 "a damaged file" "$wtg" image extract flipped.wim /Windows/System32/ntoskrnl.exe --output damaged
says "a damaged file: named" err 'ntoskrnl.exe'
if [ -e damaged/ntoskrnl.exe ]; then fail "a damaged file: not left behind"; else pass "a damaged file: not left behind"; fi

# Links in the target lead nowhere.
mkdir -p trap/outside target
ln -s ../trap/outside target/Boot
expect 4 "a link in the way" "$wtg" image extract "$samples/install.wim" /Windows/Boot --output target
if [ -z "$(ls -A trap/outside)" ]; then pass "a link in the way: not followed"; else fail "a link in the way: not followed"; fi
finish
