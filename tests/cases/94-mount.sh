#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# 'wtg image mount', through the kernel, compared with what wimlib extracts.
. "$(dirname "$0")/lib.sh"
need wimlib-imagex fusermount3 sgdisk
need_samples install.wim install.esd multi.wim sample.iso
mkdir m
trap 'fusermount3 -u -z m 2>/dev/null; cd /; rm -rf "$CASE_DIR"' EXIT
if ! "$wtg" image mount "$samples/install.wim" m 2>err; then
    grep -q "/dev/fuse\|not permitted\|Permission" err && skip_all "this computer does not mount: $(tail -1 err)"
    fail "it mounts" "$(cat err)"
    finish
fi
fusermount3 -u m
wimlib-imagex apply "$samples/install.wim" 1 peer --no-acls >/dev/null 2>&1
(cd peer && find . -type f -exec sha1sum {} + | sort -k2) >want
for f in install.wim install.esd sample.iso; do
    expect 0 "$f" "$wtg" image mount "$samples/$f" m
    (cd m && find . -type f -exec sha1sum {} + | sort -k2) >got
    # A link of Windows is a link in the peer, and an empty file here.
    LC_ALL=C comm -23 <(LC_ALL=C sort want) <(LC_ALL=C sort got) >missing
    if [ -s want ] && [ ! -s missing ]; then pass "$f: every file is what wimlib applies"
    else fail "$f: every file is what wimlib applies" "$(head missing)"; fi
    if touch m/new 2>/dev/null; then fail "$f: read only"; else pass "$f: read only"; fi
    if [ "$(stat -c %Y m/Windows/System32/winload.efi)" = "$(stat -c %Y peer/Windows/System32/winload.efi)" ]; then
        pass "$f: times"
    else fail "$f: times"; fi
    check "$f: unmounts" fusermount3 -u m
done
expect 2 "which of two?" "$wtg" image mount "$samples/multi.wim" m
expect 0 "the second of two" "$wtg" image mount "$samples/multi.wim" m --index 2
check "the second of two: unmounts" fusermount3 -u m

# A volume, out of a stick.
if "$wtg" create "$samples/install.wim" stick.img --size 2G --no-boot --yes --quiet && part stick.img 1 volume.img; then
    expect 0 "a volume" "$wtg" image mount volume.img m
    (cd m && find . -type f -exec sha1sum {} + | sort -k2) >got
    LC_ALL=C comm -23 <(grep -v System32/config want | LC_ALL=C sort) <(LC_ALL=C sort got) >missing
    if [ ! -s missing ]; then pass "a volume: the files that were put there"
    else fail "a volume: the files that were put there" "$(head missing)"; fi
    check "a volume: unmounts" fusermount3 -u m
else
    fail "a volume to look into"
fi
finish
