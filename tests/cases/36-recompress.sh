#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Images in forms that Windows does not read from a volume are compressed anew when one is asked for:
# what stands on the volume, decoded by others, is the file.
# timeout: 300
# long
. "$(dirname "$0")/lib.sh"
need jq
need_samples install.wim install.esd
export XDG_STATE_HOME=$PWD/state TMPDIR=$PWD/spool
mkdir spool

# rest_plain VOLUME TREE: all files that are not in compact.list
rest_plain() {
    local bad=0 files=0 path
    (cd "$2" && find . -type f -printf '/%P\n') | sort | comm -23 - <(sort compact.list) >plain.list
    while IFS= read -r path; do
        ntfscat -f "$1" "$path" 2>/dev/null | cmp -s - "$2$path" || {
            bad=$((bad + 1))
            echo "$path"
        }
        files=$((files + 1))
    done <plain.list >wrong.list
    if [ "$bad" -eq 0 ]; then pass "$1: $files plain files are those in the image"; else
        fail "$1: $bad of $files plain files differ" "$(head wrong.list)"
    fi
}

# Every kind of source, with sizes around the edges.
"$top/tests/cases/make-sizes" sizes
quietly wimlib-imagex capture sizes solid.wim --solid --compress=LZMS
quietly wimlib-imagex capture sizes cut.wim --solid --compress=LZMS --solid-chunk-size=65536
quietly wimlib-imagex capture sizes none.wim --compress=none
quietly wimlib-imagex capture sizes xpress.wim --compress=XPRESS --chunk-size=8192
quietly wimlib-imagex capture sizes wide.wim --compress=LZX --chunk-size=131072
for row in "solid lzx lzx 32768" "solid xpress4k xpress 4096" "cut xpress8k xpress 8192" "cut lzx lzx 32768" \
    "none xpress16k xpress 16384" "xpress lzx lzx 32768" "wide lzx lzx 32768"; do
    read -r source form kind chunk <<<"$row"
    name=$source-$form
    expect 0 "$source to $form" "$wtg" create "$source.wim" "$name.img" --size 200M --no-boot --yes --seed c \
        --compact "$form" || cat err
    says "$name: the plan says that it is compressed anew" out "^compact +$form: [0-9]+ files, compressed anew"
    check "$name: our own checker, strictly" "$wtg" disk check --strict "$name.img"
    part "$name.img" 1 "$name" || finish
    decoded "$name" "$kind" "$chunk" sizes
    says "$name: half compressible, and linked" compact.list half-262145 /linked /twin
    if grep -qE 'noise|text-(0|1|511|4095)$' compact.list; then
        fail "$name: nothing that would not get smaller" "$(cat compact.list)"
    else
        pass "$name: nothing that would not get smaller"
    fi
    rest_plain "$name" sizes
    rm -f "$name.img" "$name"
done

# A Windows from an ESD.
mkdir tree
quietly wimlib-imagex apply "$samples/install.wim" tree
make=("$wtg" create "$samples/install.esd" stick.img --size 3G --yes --compact lzx --checkpoint 1M)
expect 0 "a Windows from an ESD" "${make[@]}" --seed r
check "its structure" "$wtg" disk check --strict stick.img
part stick.img 3 ntfs || finish
look_at_volume ntfs
decoded ntfs lzx 32768 tree
for plain in 'config' 'winload' 'winresume' 'NTUSER'; do
    if grep -qi "$plain" compact.list; then fail "$plain stays plain"; else pass "$plain stays plain"; fi
done
mv stick.img whole.img
expect 0 "the same in less memory" "${make[@]}" --seed r --memory 240M --quiet
same "how much memory there is changes nothing" stick.img whole.img

# The plan alone is fast, and says that it guesses.
expect 0 "--dry-run" "$wtg" create "$samples/install.esd" no.img --size 3G --compact xpress8k --dry-run
says "--dry-run says what it does" out "^compact +xpress8k: .* about" "^note .*compressed anew"
expect 0 "auto is plain, with a note" "$wtg" create "$samples/install.esd" no.img --size 3G --dry-run
says "the note says what it would save, and how" out "^note .*--compact lzx.*about"

# Interrupted.
half_done() {
    for _ in 1 2 3 4 5 6 7 8; do
        rm -rf stick.img state
        "${make[@]}" --seed r --quiet >/dev/null 2>run.err </dev/null &
        pid=$!
        for _ in $(seq 1 4000); do
            grep -q '"done"' state/wtg/unfinished-*.jsonl 2>/dev/null && break
            sleep 0.005
        done
        kill -9 "$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
        ls state/wtg/unfinished-*.jsonl >/dev/null 2>&1 && return
    done
    fail "could not be stopped half-way"
    finish
}
half_done
expect 0 "going on after kill -9" "${make[@]}" --quiet --resume
same "with the bytes of a whole run" stick.img whole.img
rm -f stick.img whole.img ntfs
"${make[@]}" --seed r --json >events 2>run.err </dev/null &
pid=$!
for _ in $(seq 1 1000); do
    grep -q '"recompress"' events && break
    sleep 0.005
done
kill -INT "$pid" 2>/dev/null
code=0
wait "$pid" || code=$?
if [ "$code" -eq 130 ] && [ ! -s stick.img ]; then pass "Ctrl-C while compressing: nothing is written"; else
    fail "Ctrl-C while compressing: exit $code" "$(cat run.err)"
fi
if [ -z "$(ls -A spool)" ]; then pass "nothing is left in TMPDIR"; else fail "left in TMPDIR: $(ls spool)"; fi

# What goes wrong.
expect 1 "no TMPDIR: exit 1" env TMPDIR="$PWD/none" "${make[@]}" --seed r
says "no TMPDIR: says which, and what to do" err "$PWD/none" TMPDIR
expect 1 "too little memory: exit 1" "${make[@]}" --seed r --memory 16M
says "too little memory: says how much" err "--memory [0-9]+M"
python3 - cut.wim bad.wim <<'END'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
data[len(data) // 2] ^= 1
open(sys.argv[2], "wb").write(data)
END
expect 1 "a damaged image: exit 1" "$wtg" create bad.wim bad.img --size 200M --no-boot --yes --compact lzx
says "a damaged image: names a file" err "'\\\\(text|noise|half)-[0-9]+' in the image"
if [ -e bad.img ]; then fail "a damaged image: none is left"; else pass "a damaged image: none is left"; fi
finish
