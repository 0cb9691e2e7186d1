#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Several targets from one decode: each is what it would be alone, whatever becomes of the others.
. "$(dirname "$0")/lib.sh"
need jq
need_samples install.wim
export XDG_STATE_HOME=$PWD/state
image=$samples/install.wim

# Three files of different sizes: b.img and c.img exist and keep theirs.
sizes() { rm -f a.img b.img c.img && truncate -s 700M b.img && truncate -s 1300M c.img; }
for n in 1 2 3; do
    size=$(sed -n "${n}p" <<<$'1G\n700M\n1300M')
    "$wtg" create "$image" "alone$n.img" --size "$size" --seed "many-$n" --yes --quiet >/dev/null 2>&1
done
all() { # MODE...: the three, into what is there
    "$wtg" create "$image" a.img b.img c.img "$@" --yes
}
whole() { # WHAT LETTER NUMBER
    same "$1: $2.img is what its seed makes alone" "$2.img" "alone$3.img"
}

sizes
truncate -s 1G a.img
cp --sparse=always b.img before.img
expect 2 "a target named twice: exit 2" "$wtg" create "$image" a.img b.img "$PWD/a.img" --yes
says "says so" err "'$PWD/a.img' is named twice"
expect 4 "the image among the targets: exit 4" "$wtg" create "$image" a.img "$image" b.img --yes
expect 4 "one that is no target refuses all: exit 4" "$wtg" create "$image" a.img /dev/null b.img --yes
says "names it" err "/dev/null"
truncate -s 100M small.img
expect 1 "one that is too small refuses all: exit 1" "$wtg" create "$image" b.img small.img --yes
expect 2 "a new one without a size refuses all: exit 2" "$wtg" create "$image" b.img new.img --yes
[ ! -e new.img ] && pass "nothing was made" || fail "new.img was made"
same "and what was there is as it was" b.img before.img
expect 2 "nothing to go on with: exit 2" all --resume
says "names it and says what to do" err "nothing to go on with on '.*a.img'" "leave out this target"

expect 0 "only looking" all --dry-run
says "the plan shows all targets" out '/a\.img\)' '/b\.img\)' '/c\.img\)'
same "looking writes nothing" b.img before.img

expect 0 "three at once" all --seed many
says "each shows its seed" out 'seed +many-1$' 'seed +many-2$' 'seed +many-3$'
[ "$(grep -c '^done ' out)" -eq 3 ] && pass "a report each" || fail "a report each" "$(cat out)"
whole "three at once" a 1
whole "three at once" b 2
whole "three at once" c 3
check "the second is sound" "$wtg" disk check b.img
for f in a b c; do sgdisk -p $f.img | sed -n 's/^Disk identifier (GUID): //p'; done | sort -u >guids
[ "$(wc -l <guids)" -eq 3 ] && pass "each has its own GUID" || fail "GUIDs" "$(cat guids)"

# Large sectors, no boot partition: other places and other forms.
expect 0 "two with large sectors" "$wtg" create "$image" a.img b.img --size 1G --sector-size 4096 --no-boot \
    --seed big --yes
quietly "$wtg" create "$image" alone.img --size 1G --sector-size 4096 --no-boot --seed big-2 --yes --quiet
same "the same as alone" b.img alone.img

# Programs can tell the targets apart.
sizes
expect 0 "--json" "$wtg" create "$image" b.img c.img --yes --json
check "a plan and a report each" jq -es '
    def of(e): [.[] | select(.event == e)];
    [of("plan")[].target.path, of("report")[].target | sub(".*/"; "")] == ["b.img", "c.img", "b.img", "c.img"] and
    all(of("progress")[]; .target != null or .step == "read-image" or .step == "scan-sparse")' out

# Stopped with Ctrl-C, the same command goes on.
stopped() {
    local tries
    for tries in 1 2 3 4 5 6 7 8; do
        rm -rf state
        sizes && truncate -s 1G a.img
        "$wtg" create "$image" a.img b.img c.img --seed many --checkpoint 1M --yes --quiet \
            >/dev/null 2>run.err </dev/null &
        pid=$!
        for _ in $(seq 1 400); do
            [ "$(grep -l '"done"' state/wtg/unfinished-*.jsonl 2>/dev/null | wc -l)" -eq 3 ] && break
            sleep 0.005
        done
        kill -INT "$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
        [ "$(ls state/wtg/unfinished-*.jsonl 2>/dev/null | wc -l)" -eq 3 ] && return
    done
    fail "could not be stopped half-way" "$(cat run.err)"
    finish
}
stopped
says "Ctrl-C says once how to go on" run.err "the same command with '--resume'"
[ "$(grep -c '^wtg:' run.err)" -eq 1 ] && pass "one error for all" || fail "one error for all" "$(cat run.err)"
expect 0 "two of them go on" "$wtg" create "$image" c.img a.img --yes --resume
whole "going on" a 1
whole "going on" c 3
expect 0 "and the third alone" "$wtg" create "$image" b.img --yes --resume
whole "going on alone" b 2

# One dies at a random moment: its file system runs full.
mkdir -p mnt
full() { # DELAY: b.img on a little file system that somebody else fills meanwhile
    local how=-m
    [ "$(id -u)" -eq 0 ] || how=-rm
    unshare $how bash -c "mount -t tmpfs -o size=60m tmpfs mnt && truncate -s 700M mnt/b.img || exit 99
        (sleep $1; head -c 80M /dev/zero >mnt/filler 2>/dev/null) &
        '$wtg' create '$image' a.img mnt/b.img c.img --compact lzx --seed some --yes --json >out 2>err </dev/null
        echo \$? >code; wait
        [ \$(cat code) != 0 ] || cp --sparse=always mnt/b.img b.img"
}
unshare $([ "$(id -u)" -eq 0 ] || echo -r) -m mount -t tmpfs tmpfs mnt 2>/dev/null || {
    skip "one of three dies" "this user may not mount a tmpfs"
    finish
}
quietly "$wtg" create "$image" alone1.img --size 1G --compact lzx --seed some-1 --yes --quiet
quietly "$wtg" create "$image" alone2.img --size 700M --compact lzx --seed some-2 --yes --quiet
quietly "$wtg" create "$image" alone3.img --size 1300M --compact lzx --seed some-3 --yes --quiet
died=0
for delay in ${DELAYS:-0.1 0.3 0.6}; do
    sizes && truncate -s 1G a.img
    full $delay
    case $(cat code) in
    0) whole "filled too late ($delay s)" b 2 ;;
    1) died=$((died + 1))
       says "full after $delay s: names the target" err "'mnt/b.img'"
       check "full after $delay s: two reports, an error that names the target" jq -es '
           ([.[] | select(.event == "report") | .target | sub(".*/"; "")] == ["a.img", "c.img"]) and
           ([.[] | select(.event == "error") | .target] == ["mnt/b.img"])' out ;;
    *) fail "exit code $(cat code)" "$(cat err)" ;;
    esac
    whole "full after $delay s" a 1
    whole "full after $delay s" c 3
done
echo "# died $died times"
finish
