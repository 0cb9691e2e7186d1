#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# 'wtg image identify', and what 'wtg image info' says about Windows To Go, space and boot managers.
. "$(dirname "$0")/lib.sh"
need jq
need_samples install.wim

expect 3 "an image that nobody published" "$wtg" image identify "$samples/install.wim"
says "says what that means" out 'not a published image' 'SHA-256' 'image verify'
expect 3 "the same for programs" "$wtg" image identify --json "$samples/install.wim"
want=$(sha256sum "$samples/install.wim" | cut -d' ' -f1)
if [ "$(jq -r 'select(.event == "identity") | [.sha256, .known] | join(" ")' out)" = "$want " ]; then
    pass "the SHA-256 is right"
else fail "the SHA-256 is right" "$(cat out)"; fi
expect 1 "no file" "$wtg" image identify nothing.iso

expect 0 "info" "$wtg" image info "$samples/install.wim"
says "info: Windows To Go, space, boot manager" out 'To Go +works, but Microsoft never' 'space +about .*compact' \
    'boot manager +signed by nobody'
"$wtg" image info --json "$samples/install.wim" >info.json
if jq -e '.editions[0] | .to_go == "unofficial" and .compact_bytes < .plain_bytes and .boot_ca == null' info.json >/dev/null; then
    pass "info --json"
else fail "info --json" "$(cat info.json)"; fi
finish
