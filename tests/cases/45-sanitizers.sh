#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The whole program under ASan + UBSan, and under TSan with buffers so small that everybody waits.
# timeout: 400
# long
. "$(dirname "$0")/lib.sh"
need_samples sample.iso esd.iso install.swm
[ -x "${BUILD_ASAN:-}/wtg" ] || skip_all "no build with ASan here"

expect 0 "the plain program" "$wtg" create "$samples/sample.iso" plain.img --size 2G --yes --seed s --quiet
for image in sample.iso esd.iso install.swm; do
    expect 0 "ASan, UBSan: $image" \
        "$BUILD_ASAN/wtg" create "$samples/$image" asan.img --size 2G --yes --seed s --quiet
    says_nothing "ASan, UBSan: $image" err
    [ "$image" = sample.iso ] && same "ASan, UBSan: the same bytes" plain.img asan.img
done
expect 0 "ASan: checking it" "$BUILD_ASAN/wtg" disk check plain.img
expect 0 "ASan: image info" "$BUILD_ASAN/wtg" image info "$samples/esd.iso"
expect 0 "ASan: image list" "$BUILD_ASAN/wtg" image list "$samples/sample.iso"

slow=(setarch "$(uname -m)" -R) # gcc 12's TSan wants addresses where it expects them
if ! "${slow[@]}" "$BUILD_TSAN/wtg" --version >/dev/null 2>&1; then
    skip "TSan" "it does not start on this machine"
else
    # near the least that each can be read with: chunks of 32 KiB, and of 64 MiB
    for pair in sample.iso=40M esd.iso=240M; do
        image=${pair%=*}
        expect 0 "TSan: $image" "${slow[@]}" "$BUILD_TSAN/wtg" create "$samples/$image" tsan.img \
            --size 2G --yes --seed s --quiet --memory "${pair#*=}"
        says_nothing "TSan: $image" err
        [ "$image" = sample.iso ] && same "TSan: the same bytes" plain.img tsan.img
    done
fi
finish
