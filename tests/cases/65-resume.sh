#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Killed at many moments, a run goes on where the target has taken it, and ends with the bytes of a
# run that nobody interrupted.
. "$(dirname "$0")/lib.sh"
need_samples install.wim
export XDG_STATE_HOME=$PWD/state

make=("$wtg" create "$samples/install.wim" stick.img --size 1G --yes --checkpoint 1M --quiet)
"$wtg" create "$samples/install.wim" whole.img --size 1G --yes --seed resume --quiet >/dev/null 2>&1 || {
    fail "create"; finish; }

expect 2 "nothing to go on with: exit 2" "${make[@]}" --resume
says "says so" err 'nothing to go on with'

# Killed until it is done; ROUNDS=25 makes some hundreds of kills.
killed=0 resumed=0 fresh=0
for round in $(seq 1 "${ROUNDS:-3}"); do
    rm -rf stick.img state
    mode=(--seed resume)
    for try in $(seq 1 60); do
        "${make[@]}" "${mode[@]}" >/dev/null 2>run.err </dev/null &
        pid=$!
        sleep "0.$((RANDOM % 40 + 100))" # 0.1 to 0.14 s; longer with each try
        [ "$try" -lt 8 ] || sleep "0.$((try * 100 / 8))"
        if kill -9 "$pid" 2>/dev/null; then killed=$((killed + 1)); fi
        wait "$pid" 2>/dev/null && break
        grep -q '"done"' state/wtg/unfinished-*.jsonl 2>/dev/null &&
            { mode=(--resume); resumed=$((resumed + 1)); } || { mode=(--seed resume); fresh=$((fresh + 1)); }
    done
    cmp -s stick.img whole.img || { fail "round $round: not the bytes of a whole run" "$(cat run.err)"; break; }
done
echo "# killed $killed times, went on $resumed times, began anew $fresh times"
[ "$failures" -gt 0 ] || pass "after every kill the bytes are those of an uninterrupted run"

# Ctrl-C keeps what is there, and says how to go on.
half() { # kills a run once it has marked something
    rm -rf stick.img state
    "${make[@]}" --seed resume >/dev/null 2>run.err </dev/null &
    pid=$!
    for _ in $(seq 1 400); do
        grep -q '"done"' state/wtg/unfinished-*.jsonl 2>/dev/null && break
        sleep 0.005
    done
    kill "-$1" "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
}
half_done() { # as often as it takes: a fast computer may be done before it is killed
    for _ in 1 2 3 4 5 6 7 8; do
        half "$1"
        ls state/wtg/unfinished-*.jsonl >/dev/null 2>&1 && return
    done
    fail "could not be stopped half-way"
    finish
}
half_done INT
says "Ctrl-C says how to go on" run.err '--resume'
expect 0 "going on after Ctrl-C" "${make[@]}" --resume
same "with the bytes of a whole run" stick.img whole.img
half_done 9
expect 0 "going on after kill -9" "${make[@]}" --resume
same "with the bytes of a whole run" stick.img whole.img
half_done 9
if "$wtg" disk check stick.img >/dev/null 2>&1; then fail "half a stick is taken for whole"; else
    pass "half a stick is not taken for whole"; fi
"$wtg" create "$samples/install.wim" stick.img --size 1G --dry-run --seed other >plan 2>&1
says "another run is told that it could go on" plan 'interrupted after .*--resume'
expect 2 "with another option it is another plan: exit 2" "${make[@]}" --resume --without winre --without portable
says "says so" err 'was another plan'
python3 - <<'PY'
import json, glob
lines = open(glob.glob('state/wtg/unfinished-*.jsonl')[0]).read().split('\n')
off = [json.loads(l) for l in lines if '"done"' in l][-1]['extents'][0][0]
with open('stick.img', 'r+b') as f:
    f.seek(off + 100)
    f.write(b'changed meanwhile')
PY
expect 3 "the end of what is there was changed meanwhile: exit 3" "${make[@]}" --resume
says "says so" err 'interrupted run left' 'begin anew'
expect 0 "beginning anew works" "${make[@]}" --seed resume
same "and gives the same bytes" stick.img whole.img
if ls state/wtg/unfinished-* >/dev/null 2>&1; then fail "something is left behind"; else pass "nothing is left behind"; fi
finish
