#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# However the image is packed, the volume holds the same; the same seed gives the same bytes.
# timeout: 500
# long
. "$(dirname "$0")/lib.sh"
images="sample.iso bridge.iso plain.iso esd.iso swm.iso install.wim install.esd install.swm xpress.wim none.wim"
# shellcheck disable=SC2086
need_samples $images

first=
for image in $images; do
    expect 0 "$image: create" \
        "$wtg" create "$samples/$image" "$image.img" --size 2G --yes --seed same --compact off || { cat err; continue; }
    part "$image.img" 3 ntfs || continue
    check "$image: ntfsfix -n" ntfsfix -n ntfs
    check "$image: 7z t" 7z t ntfs
    check "$image: our own checker" "$wtg" disk check "$image.img"
    quietly wimlib-imagex capture ntfs "$image.after" --compress=none --norpfix
    if [ -z "$first" ]; then
        first=$image.after
        mv "$image.img" first.img
        continue
    fi
    check "$image: the volume holds the same" "$build/tests/cases/wimdiff" "$first" "$image.after"
    rm -f "$image.img" "$image.after"
done

expect 0 "the same again" "$wtg" create "$samples/sample.iso" again.img --size 2G --yes --seed same --compact off
same "same image, options and seed: same bytes" first.img again.img
expect 0 "another seed" "$wtg" create "$samples/sample.iso" other.img --size 2G --yes --seed other --compact off
if cmp -s first.img other.img; then fail "another seed: other bytes"; else pass "another seed: other bytes"; fi
if [ "$(sgdisk -i 3 first.img | grep unique)" != "$(sgdisk -i 3 other.img | grep unique)" ]; then
    pass "another seed: another partition GUID"
else
    fail "another seed: another partition GUID"
fi
expect 0 "no seed" "$wtg" create "$samples/sample.iso" none.img --size 2G --yes
if cmp -s other.img none.img; then fail "no seed: bytes of its own"; else pass "no seed: bytes of its own"; fi
finish
