#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# wtg check from outside: the table, its exit codes, and a write test that leaves no trace, also when
# it was killed.
# timeout: 300
. "$(dirname "$0")/lib.sh"
need strace jq
need_samples install.wim
export XDG_STATE_HOME=$CASE_DIR/state

expect 0 "this computer alone" "$wtg" check
says "this computer: what is looked at" out "free memory" "started by" "UEFI" "enter the setup"

truncate -s 400M disk.img
expect 0 "image and target" "$wtg" check "$samples/install.wim" disk.img
says "image and target: all areas" out "the target" "may be written" "reads in a row" "architecture" \
    "x64" "fits" "time to create" "nothing speaks against"
awk 'length > 80 { exit 1 }' out && pass "the table fits into 80 columns" ||
    fail "the table fits into 80 columns" "$(awk 'length > 80' out)"
[ "$(stat -c %b disk.img)" -eq 0 ] && pass "nothing was written" || fail "nothing was written"

expect 0 "--json" "$wtg" check "$samples/install.wim" disk.img --json
jq -es 'all(.[]; .event) and (map(select(.event == "check")) | length > 15 and
    all(.[]; .verdict | IN("fine", "told", "warning", "stop"))) and
    (last | .event == "report" and .stops == 0)' out >/dev/null && pass "--json: every line" ||
    fail "--json: every line" "$(cat out)"

# What stops.
truncate -s 8M small.img
expect 3 "too small" "$wtg" check "$samples/install.wim" small.img --json
jq -es 'any(.[]; .check == "fits" and .verdict == "stop" and .code == "DISK_TOO_SMALL")' out >/dev/null &&
    pass "too small: says so" || fail "too small: says so" "$(cat out)"
expect 3 "no such disk" "$wtg" check /dev/nothing
says "no such disk: says so" out "STOP" "there is no disk"
expect 3 "a folder" "$wtg" check "$samples/install.wim" "$CASE_DIR" --quiet
says "a folder: says so" out "STOP" "is a folder"
head -c 100000 "$samples/install.wim" >cut.wim
expect 3 "a truncated image" "$wtg" check cut.wim --quick
says "a truncated image: says so" out "STOP"
expect 2 "three arguments" "$wtg" check a b c

# create looks first, and refuses for the same reasons.
expect 4 "create: a folder" "$wtg" create "$samples/install.wim" "$CASE_DIR" --yes
expect 1 "create: no such disk" "$wtg" create "$samples/install.wim" /dev/nothing --yes

# The write test.
truncate -s 64M stick.img
head -c 4M /dev/urandom >random
for at in 0 20 24 40 60; do
    dd if=random of=stick.img bs=1M seek=$at conv=notrunc status=none
done
cp --sparse=auto stick.img before.img
expect 0 "--write-test" "$wtg" check stick.img --write-test
says "--write-test: measured" out "writes in a row"
same "--write-test: the same to the byte" stick.img before.img
[ -z "$(ls "$XDG_STATE_HOME/wtg" | grep undo)" ] && pass "--write-test: leaves no undo file" ||
    fail "--write-test: leaves no undo file" "$(ls "$XDG_STATE_HOME/wtg")"

strace -f -qq -e trace=pwrite64 -o writes.log "$wtg" check stick.img --write-test --quiet >/dev/null 2>&1
writes=$(wc -l <writes.log)
for n in $(seq 1 $((writes / 6 + 1)) "$writes"); do
    { strace -f -qq -o /dev/null -e inject=pwrite64:signal=KILL:when="$n" \
        "$wtg" check stick.img --write-test --quiet; } >killed.log 2>&1
    cmp -s stick.img before.img || "$wtg" undo stick.img --yes >undo.log 2>&1 </dev/null ||
        fail "killed at write $n: taken back" "$(cat undo.log)"
    cmp -s stick.img before.img || fail "killed at write $n: the same to the byte"
    rm -f "$XDG_STATE_HOME"/wtg/*.undo*
done
[ "$writes" -gt 50 ] && pass "killed at 6 of $writes writes: taken back to the byte" ||
    fail "killed: there are only $writes writes"

finish
