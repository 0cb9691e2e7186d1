#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The bench measures, keeps what it measured, and writes its page and chart.
. "$(dirname "$0")/lib.sh"
need wimlib-imagex mkntfs strace dd

export BUILD=$build
bench() { "$top/tools/bench" --results kept.json "$@"; }

expect 0 "the list" bench --list
says "names rows and minutes" out '^plain +[0-9.]+ min' '^stick '
expect 2 "a row that there is not" bench nothing
says "names those that there are" err 'there are: plain '
expect 1 "no report of nothing" bench --report --docs docs

expect 0 "some rows, one group" bench --quick --dir made plain dd bytes proof
expect 0 "another row, later" bench --quick --dir made --rounds 2 memory
check "samples, numbers and what was wanted are kept" python3 - <<'EOF'
import json
rows = json.load(open("kept.json"))["rows"]
assert list(rows) == ["plain", "dd", "bytes", "proof", "memory"], list(rows)
for row in rows.values():
    assert row["quick"] and row["machine"]["CPU"] and row["commands"] and row["checks"]
    assert all(check["median"] > 0 for check in row["checks"] if check["unit"] == "x")
assert rows["plain"]["samples"]["peer"][0]["wall"] > 0
assert rows["plain"]["checks"][0]["wanted"] == ">= 3.3"
traced = rows["bytes"]["samples"]["traced-plain"][0]
told = rows["plain"]["samples"]["plain"][0]["written"]
assert abs(traced["bytes"] - told) <= told / 1000, (traced, told)
proof = rows["proof"]["samples"]["proof"][0]
assert proof["verified"] > 0 and 0 < proof["verify_s"] < proof["wall"]
EOF
check "no target is left" test ! -e made/target.img

expect 0 "the report" bench --report --docs docs
says "the page tells numbers, machine, commands and what is weaker" docs/benchmarks.md \
    '^\| plain create .*at least 3\.3x' '^\| CPU \|' '^peer .*truncate' 'not measured: .*stick' 'numbers mean nothing'
check "the chart is XML" python3 -c 'import sys, xml.dom.minidom as d; d.parse("docs/benchmarks.svg")'
finish
