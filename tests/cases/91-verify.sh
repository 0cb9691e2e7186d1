#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# 'wtg image verify': whole images are whole, and damage at each level is told rightly.
# timeout: 120
. "$(dirname "$0")/lib.sh"
need jq python3 wimlib-imagex osslsigncode openssl grub-mkimage
need_samples install.wim none.wim multi.wim install.esd install.swm sample.iso

verify() { "$wtg" image verify --json "$@"; }
state() { # CHECK: its state in ./out
    jq -r --arg c "$1" 'select(.event == "check" and .check == $c) | .state' out
}
is() { # what want CHECK
    local got
    got=$(state "$3")
    if [ "$got" = "$2" ]; then pass "$1"; else fail "$1" "'$3' is '$got', not '$2'" "$(cat out err)"; fi
}
edit() { # FILE PYTHON: changes the bytearray b
    python3 - "$1" <<PY
import sys, struct
path = sys.argv[1]
b = bytearray(open(path, "rb").read())
$2
open(path, "wb").write(b)
PY
}

for f in install.wim none.wim multi.wim install.esd install.swm sample.iso; do
    expect 0 "$f is whole" verify --no-signatures "$samples/$f"
    is "$f: every file" fine content
done
expect 0 "all parts" verify --no-signatures "$samples/install.swm"
is "all parts are there" fine parts
expect 0 "the integrity table" verify --no-signatures "$samples/install.wim"
is "the integrity table" fine integrity
expect 0 "in little memory" verify --no-signatures "$samples/install.esd" --memory 1M --threads 1

# A byte of a file's content: the file is named.
wimlib-imagex extract "$samples/none.wim" 1 /Windows/System32/ntoskrnl.exe --dest-dir=. >/dev/null
cp "$samples/none.wim" flipped.wim
edit flipped.wim 'want = open("ntoskrnl.exe", "rb").read(); at = b.find(want); assert at > 0; b[at + 77] ^= 1'
expect 3 "a flipped byte" verify --no-signatures flipped.wim
is "a flipped byte: content" failed content
is "a flipped byte: the tables are fine" fine table
says "a flipped byte: names the file" out '"path": ?"..Windows..System32..ntoskrnl.exe"'
jq -r 'select(.event == "file") | .path' out >files
if [ "$(wc -l <files)" = 1 ]; then pass "a flipped byte: no other file"; else fail "a flipped byte: no other file" "$(cat files)"; fi
expect 3 "the same in words" "$wtg" image verify --no-signatures flipped.wim
says "the same in words" out 'FAILED +content' 'ntoskrnl.exe' 'the image promises'

# The same in compressed images: everybody else's files are still proved.
for f in install.wim install.esd; do
    cp "$samples/$f" broken.wim
    edit broken.wim 'b[len(b) // 2] ^= 0x55'
    expect 3 "$f, a byte in the middle" verify --no-signatures broken.wim
    is "$f, a byte in the middle: content" failed content
    if wimlib-imagex verify broken.wim >/dev/null 2>&1; then fail "$f: wimlib finds it too"; else pass "$f: wimlib finds it too"; fi
done

# Cut off.
head -c -1000 "$samples/install.wim" >cut.wim
expect 3 "a WIM that was cut off" verify cut.wim
is "a WIM that was cut off: file" failed file
says "a WIM that was cut off: how much" out ': 1000 are missing'
head -c -2048 "$samples/sample.iso" >cut.iso
expect 3 "an ISO that was cut off" verify cut.iso
is "an ISO that was cut off: file" failed file
says "an ISO that was cut off: how much" out ': 2048 are missing'

# Split images.
mkdir parts foreign
cp "$samples"/install*.swm parts
rm parts/install3.swm
expect 3 "a missing part" verify parts/install.swm
is "a missing part" failed parts
says "a missing part: which" out 'install3.swm'
cp "$samples/install2.swm" parts/install3.swm
expect 3 "parts in the wrong order" verify parts/install.swm
is "parts in the wrong order" failed parts
cp "$samples/install3.swm" parts/install3.swm
edit parts/install3.swm 'b[0x18] ^= 1'
expect 3 "a part of another image" verify parts/install.swm
is "a part of another image" failed parts
says "a part of another image: says so" out 'belongs to another image'

# Tables.
xml='at, = struct.unpack_from("<Q", b, 0x50)'
cp "$samples/install.wim" xml.wim
edit xml.wim "$xml; b[at + 2] = ord('x')"
expect 3 "broken XML" verify xml.wim
is "broken XML" failed xml
cp "$samples/install.wim" table.wim
edit table.wim 'at, = struct.unpack_from("<Q", b, 0x38); b[at + 8:at + 16] = b"\xff" * 8'
expect 3 "a broken table of contents" verify table.wim
is "a broken table of contents" failed table
cp "$samples/install.wim" integrity.wim
edit integrity.wim 'at, = struct.unpack_from("<Q", b, 0x84); b[at + 20] ^= 1'
expect 3 "a broken integrity table" verify --no-signatures integrity.wim
is "a broken integrity table" failed integrity
is "a broken integrity table: the files are fine" fine content
cp "$samples/install.wim" header.wim
edit header.wim 'b[0x78] = 9'
expect 3 "an image to boot that is not there" verify --no-signatures header.wim
is "an image to boot that is not there" failed header
# The first metadata resource of an image that is not compressed: the root's dentry.
cp "$samples/none.wim" metadata.wim
edit metadata.wim '
table, = struct.unpack_from("<Q", b, 0x38)
size, = struct.unpack_from("<Q", b, 0x40)
for e in range(table, table + size, 50):
    if b[e + 7] & 2:
        at, = struct.unpack_from("<Q", b, e + 8)
        b[at + 100] ^= 1'
expect 3 "broken directories" verify --no-signatures metadata.wim
is "broken directories" failed metadata

expect 1 "no image at all" verify "$0"
expect 1 "no file at all" verify nothing.wim

# Signatures: boot files signed by themselves, a program through a catalog, one by nobody.
cat >ssl.cnf <<'CNF'
[req]
distinguished_name = dn
prompt = no
[dn]
[ca]
basicConstraints = critical,CA:TRUE
[code]
basicConstraints = critical,CA:FALSE
extendedKeyUsage = codeSigning
CNF
{
    openssl req -new -x509 -newkey rsa:2048 -nodes -keyout root.key -subj "/CN=Test root" -config ssl.cnf \
        -extensions ca -days 4000 -out root.pem
    openssl req -new -newkey rsa:2048 -nodes -keyout signer.key -subj "/CN=Test signer" -config ssl.cnf -out s.csr
    openssl x509 -req -in s.csr -CA root.pem -CAkey root.key -CAcreateserial -extfile ssl.cnf -extensions code \
        -days 400 -out signer.pem
    cat signer.pem root.pem >chain.pem
    grub-mkimage -O x86_64-efi -p / -o plain.efi normal fat part_gpt
    grub-mkimage -O x86_64-efi -p / -o listed.efi normal fat
    grub-mkimage -O x86_64-efi -p / -o nobody.efi normal
} >/dev/null 2>&1
sign() { osslsigncode sign -certs chain.pem -key signer.key -in "$1" -out "$2" >/dev/null; }
cat='tree/Windows/System32/CatRoot/{F750E6C3-38EE-11D1-85E5-00C04FC295EE}'
mkdir -p tree/Windows/Boot/EFI "$cat"
sign plain.efi tree/Windows/Boot/EFI/bootmgfw.efi
cp listed.efi tree/Windows/System32/listed.dll
cp nobody.efi tree/Windows/System32/nobody.dll
hash=$("$wtg" image signatures --json listed.efi | jq -r .sha256)
python3 "$top/tests/cases/make-catalog" unsigned.cat "$hash"
sign unsigned.cat "$cat/one.cat"
for how in '' --solid; do
    wimlib-imagex capture tree "signed$how.wim" Windows $how >/dev/null
    expect 0 "signatures $how" verify --root root.pem "signed$how.wim"
    is "signatures $how: boot files" fine boot
    is "signatures $how: catalogs" fine catalogs
    is "signatures $how: a program that nobody signed" warning programs
    says "signatures $how: counts" out '3 programs: 1 signed, 1 in catalogs, 1 not proved, 0 changed'
    says "signatures $how: names the unsigned one" out 'nobody.dll'
    expect 3 "signatures $how: not Microsoft's" verify "signed$how.wim"
    is "signatures $how: not Microsoft's: boot" failed boot
    is "signatures $how: not Microsoft's: catalogs" failed catalogs
done
edit tree/Windows/Boot/EFI/bootmgfw.efi 'b[5000] ^= 1'
wimlib-imagex capture tree changed.wim Windows >/dev/null
expect 3 "a changed boot manager" verify --root root.pem changed.wim
is "a changed boot manager: its SHA-1 is right" fine content
is "a changed boot manager: its signature is not" failed boot
says "a changed boot manager: says so" out 'changed after it was signed' 'bootmgfw.efi'
finish
