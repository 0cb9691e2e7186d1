#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Compact files: on the volume stand the image's own bytes, and what others make of them is the file.
# timeout: 300
# long
. "$(dirname "$0")/lib.sh"
need jq
need_samples sample.iso install.wim esd.iso
export XDG_STATE_HOME=$PWD/state

# A Windows.
expect 0 "create: compact without being asked" \
    "$wtg" create "$samples/sample.iso" stick.img --size 3G --yes --seed c || { cat err; finish; }
says "the plan says what it saves" out "^compact +lzx: [0-9]+ files .* saves [0-9.]+ MB"
check "our own checker, strictly" "$wtg" disk check --strict stick.img
part stick.img 3 ntfs || finish
look_at_volume ntfs
mkdir tree
quietly wimlib-imagex apply "$samples/install.wim" tree
decoded ntfs lzx 32768 tree
for plain in 'config' 'winload' 'winresume' 'NTUSER'; do
    if grep -qi "$plain" compact.list; then fail "$plain stays plain"; else pass "$plain stays plain"; fi
done
says "what the loader reads is compact from Windows 10 1903 on" compact.list 'ntoskrnl\.exe' 'bootmgfw\.efi'
expect 0 "the same again" "$wtg" create "$samples/sample.iso" again.img --size 3G --yes --seed c --quiet
same "same image, options and seed: same bytes" stick.img again.img
expect 0 "--compact off" "$wtg" create "$samples/sample.iso" plain.img --size 3G --yes --seed c --compact off --json
plain=$(jq -s 'last.written_bytes' out)
rm -f plain.img again.img stick.img ntfs

# Every form, with sizes around the edges, and chunks that do not compress.
"$top/tests/cases/make-sizes" sizes
for form in "lzx LZX 32768" "xpress4k XPRESS 4096" "xpress8k XPRESS 8192" "xpress16k XPRESS 16384"; do
    read -r name kind chunk <<<"$form"
    quietly wimlib-imagex capture sizes sizes.wim --compress="$kind" --chunk-size="$chunk"
    expect 0 "$name" "$wtg" create sizes.wim "$name.img" --size 200M --no-boot --yes --seed c --compact "$name" || cat err
    check "$name: our own checker, strictly" "$wtg" disk check --strict "$name.img"
    part "$name.img" 1 "$name" || finish
    decoded "$name" "${kind,,}" "$chunk" sizes
    says "$name: half compressible, and linked" compact.list half-262145 /linked /twin
    if grep -qE 'noise|text-(0|1|511|4095)$' compact.list; then
        fail "$name: nothing that would not get smaller" "$(cat compact.list)"
    else
        pass "$name: nothing that would not get smaller"
    fi
    ntfscat -f "$name" noise-98304 2>/dev/null | cmp -s - sizes/noise-98304 && pass "$name: plain files" ||
        fail "$name: plain files"
    rm -f "$name.img" "$name"
done
expect 0 "--no-boot is plain when not asked" "$wtg" create sizes.wim no.img --size 200M --no-boot --dry-run
if grep -q ^compact out; then fail "--no-boot: plain"; else pass "--no-boot: plain"; fi
expect 0 "an ESD is plain, with a note" "$wtg" create "$samples/esd.iso" no.img --size 3G --dry-run
says "an ESD: the note says what compact would save" out "^note .*compact"
expect 2 "--compact nonsense" "$wtg" create sizes.wim no.img --size 200M --dry-run --no-boot --compact zip

# Damage in a chunk is found while the bytes are written as they stand.
"$top/tests/cases/wim-break" "$samples/install.wim" chunks.wim chunks
expect 1 "a broken chunk table: exit 1" "$wtg" create chunks.wim chunks.img --size 3G --yes
says "a broken chunk table: names a file" err "Windows|Program|Users"
python3 - "$samples/install.wim" flip.wim <<'END'
import subprocess, sys
said = subprocess.run(["wimlib-imagex", "dir", sys.argv[1], "1", "--detailed", "--path=/Windows/explorer.exe"],
                      capture_output=True, text=True).stdout
at = int(next(l for l in said.splitlines() if l.startswith("Offset")).split()[4])
data = bytearray(open(sys.argv[1], "rb").read())
data[at + 1000000] ^= 1
open(sys.argv[2], "wb").write(data)
END
expect 1 "a flipped bit: exit 1" "$wtg" create flip.wim flip.img --size 3G --yes
says "a flipped bit: names the file" err 'explorer\.exe'
if [ -e flip.img ]; then fail "a flipped bit: no image is left"; else pass "a flipped bit: no image is left"; fi

# Proof of the whole file.
sum=$(sha256sum <"$samples/install.wim" | cut -d' ' -f1)
cp "$samples/install.wim" mine.wim
expect 0 "--sha256" "$wtg" create mine.wim proved.img --size 3G --yes --seed c --sha256 "${sum^^}" --json
compact=$(jq -s 'last.written_bytes' out)
content=$(jq -s 'last.content_bytes' out)
if [ "$compact" -lt $((plain * 3 / 4)) ]; then pass "compact writes less: $compact of $plain"; else fail "compact writes $compact, plain $plain"; fi
if [ "$content" -lt 15000000 ]; then pass "a proved image is not decoded"; else fail "a proved image: $content bytes decoded"; fi
expect 0 "the record of it" "$wtg" create mine.wim again.img --size 3G --yes --seed c --json
if [ "$(jq -s 'last.content_bytes' out)" = "$content" ]; then pass "the next time nothing is decoded either"; else fail "the record is not used"; fi
same "the same bytes" proved.img again.img
touch mine.wim
expect 0 "a file with another time" "$wtg" create mine.wim again.img --yes --seed c --json
if [ "$(jq -s 'last.content_bytes' out)" -gt 40000000 ]; then pass "another time: all is compared again"; else fail "the record holds for another file"; fi
same "the same bytes with every SHA-1 compared" proved.img again.img
expect 1 "--sha256 of something else" "$wtg" create mine.wim wrong.img --size 3G --yes --sha256 "${sum/[0-8]/9}"
says "says both" err "$sum"
if [ -e wrong.img ]; then fail "nothing is written"; else pass "nothing is written"; fi
expect 2 "--sha256 of too few digits" "$wtg" create mine.wim wrong.img --size 3G --yes --sha256 "${sum:1}"
finish
