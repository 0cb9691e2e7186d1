#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Bad input: the documented exit code, one sentence that says what is wrong, and a target that is not
# touched where nothing had to be written to find out.  Runs the program with ASan and UBSan.
# timeout: 500
# long
. "$(dirname "$0")/lib.sh"
[ -x "${BUILD_ASAN:-}/wtg" ] && wtg=$BUILD_ASAN/wtg
need_samples sample.iso install.wim none.wim multi.wim pipable.wim install.swm hard.wim

# A target that holds something: nothing below may change it.
make_target() {
    head -c 100000 /dev/urandom >target.img
    truncate -s 2G target.img
    cp --sparse=always target.img target.before
}
untouched() {
    if cmp -s -n 1000000 target.img target.before &&
        [ "$(stat -c %b target.img)" -le "$(($(stat -c %b target.before) + 16))" ]; then
        pass "$1: the target is untouched"
    else
        fail "$1: the target is untouched"
        make_target
    fi
}

# refused WHAT EXIT MESSAGE IMAGE [OPTION...]
refused() {
    local what=$1 code=$2 message=$3 image=$4
    shift 4
    expect "$code" "$what: exit $code" "$wtg" create "$image" target.img --yes "$@"
    says "$what: says so" err "$message"
    [ "$code" -eq 2 ] || says "$what: says what it means" err 'meaning:|next:'
    untouched "$what"
}
broken() { # OUT WHAT...: the uncompressed little image, broken
    "$top/tests/cases/wim-break" small.wim "$@" || finish
}

# A little image of its own, not Windows, whose metadata can be edited.
mkdir -p tree/folder/inner
echo 'the only content of first' >tree/first.txt
echo 'the only content of other' >tree/other.txt
echo 'deeper' >tree/folder/inner/deep.txt
quietly wimlib-imagex capture tree small.wim small --compress=none --norpfix
make_target

# Files that are no image.
echo "hello, I am a text" >text.iso
: >empty.wim
mkdir folder.wim
head -c 3000000 /dev/urandom >noise.iso
refused "no such image" 1 "no such file|does not exist|not found" nothing.iso
refused "a text file" 1 "image" text.iso
refused "an empty file" 1 "image|empty|short" empty.wim
refused "noise" 1 "image" noise.iso
refused "a directory" 1 "directory|not a file" folder.wim

# Damaged images, found before anything is written.
head -c 9000000 "$samples/sample.iso" >short.iso
head -c 9000000 "$samples/install.wim" >short.wim
head -c 100 "$samples/install.wim" >header.wim
refused "truncated ISO" 1 "short.iso|install.wim" short.iso
refused "truncated WIM" 1 "short.wim" short.wim
refused "truncated header" 1 "header.wim" header.wim
broken blobs.wim blobs
refused "blob beyond the end" 1 "blobs.wim" blobs.wim --no-boot
broken meta.wim metadata
refused "metadata with a wrong SHA-1" 1 "SHA-1|hash" meta.wim --no-boot
broken version.wim header 0xc 000c0000
refused "unknown version" 1 "version" version.wim --no-boot
broken format.wim header 0x10 02008000
refused "unknown compression" 1 "compress" format.wim --no-boot
broken slash.wim name first.txt ../../abc
refused "a name with '..' and a slash" 1 "name" slash.wim --no-boot
broken dots.wim name first.txt ..
refused "a name '..'" 1 "name" dots.wim --no-boot
broken nul.wim name first.txt 'firs\0.txt'
refused "a name with NUL" 1 "name" nul.wim --no-boot
broken twice.wim name first.txt other.txt
refused "two of the same name" 1 "other.txt" twice.wim --no-boot
broken cycle.wim cycle folder
refused "a directory that contains itself" 1 "loop|cycl|deep|twice|itself|already|directory" cycle.wim --no-boot
refused "a pipable image" 1 "pipable|stream" "$samples/pipable.wim"

# Split images.
mkdir parts
cp "$samples"/install*.swm parts/
mv parts/install2.swm parts/elsewhere.bak
refused "a part is missing" 1 "part|install2.swm" parts/install.swm
mkdir strange
wimlib-imagex split "$samples/multi.wim" strange/install.swm 6 >/dev/null 2>&1
cp strange/install2.swm parts/install2.swm
refused "a part of another image" 1 "part|belong" parts/install.swm

# Choices.
refused "two editions and no choice" 2 "Windows 11 Home" "$samples/multi.wim"
says "both are listed" err "1.*Windows 11 Pro" "2.*Windows 11 Home"
refused "index out of range" 2 "index|3" "$samples/multi.wim" --index 3
refused "no such edition" 2 "Ultimate" "$samples/multi.wim" --edition Ultimate
refused "index and edition that contradict" 2 "edition|index" "$samples/multi.wim" --index 1 --edition Core
refused "index zero" 2 "index" "$samples/multi.wim" --index 0

# What is in it.
refused "no Windows" 1 "Windows" small.wim
says "what is missing" err 'SYSTEM|winload|bootmgfw'
broken efs.wim attributes first.txt 0x4000
refused "an encrypted file" 4 "first.txt" efs.wim --no-boot
expect 0 "--skip-encrypted goes on" "$wtg" create efs.wim efs.img --size 100M --no-boot --yes --skip-encrypted

# Targets.
before=$(ls -l /dev/null)
expect 4 "a character device: exit 4" "$wtg" create "$samples/sample.iso" /dev/null --yes
says "a character device: says so" err "/dev/null"
if [ "$before" = "$(ls -l /dev/null)" ]; then pass "/dev/null is still there"; else fail "/dev/null"; fi
expect 4 "a directory as target: exit 4" "$wtg" create "$samples/sample.iso" folder.wim --yes
says "a directory as target: says so" err "directory|folder.wim"
expect 4 "a fifo as target: exit 4" bash -c "mkfifo pipe; exec $wtg create '$samples/sample.iso' pipe --yes"
expect 1 "a disk that is not there: exit 1" "$wtg" create "$samples/sample.iso" /dev/no-such-disk --yes
expect 1 "a folder that is not there" "$wtg" create "$samples/sample.iso" no/such/folder.img --size 2G --yes
expect 1 "too small: exit 1" "$wtg" create "$samples/sample.iso" tiny.img --size 300M --yes
says "too small: says how much is needed" err '[0-9.]+ (MB|GB|MiB|GiB)'
if [ -e tiny.img ]; then fail "too small: no file is left behind"; else pass "too small: no file is left behind"; fi
expect 2 "a new image file needs a size: exit 2" "$wtg" create "$samples/sample.iso" new.img --yes
says "a new image file needs a size: says so" err "size"
expect 2 "a size that is none" "$wtg" create "$samples/sample.iso" new.img --size many --yes
refused "--index with a word" 2 "index" "$samples/multi.wim" --index one
expect 4 "nobody there to agree: exit 4" "$wtg" create "$samples/sample.iso" target.img
says "nobody there to agree: says so" err "agree|--yes|terminal"
untouched "nobody there to agree"
cp "$samples/install.wim" same.wim
expect 4 "image and target are the same file" "$wtg" create same.wim same.wim --yes
same "the image is unharmed" same.wim "$samples/install.wim"

# Read only, no permission: as a user who is not root.
as_user=()
if [ "$(id -u)" -eq 0 ]; then
    chmod 755 . && as_user=(setpriv --reuid=65534 --regid=65534 --clear-groups)
    "${as_user[@]}" test -r "$samples/sample.iso" -a -x "$wtg" 2>/dev/null || as_user=(false)
fi
if [ "${as_user[0]:-}" = false ]; then
    skip "no permission" "this folder cannot be read by another user"
else
    chmod 444 target.img
    expect 1 "a target that may not be written: exit 1" "${as_user[@]}" "$wtg" create "$samples/sample.iso" target.img --yes
    says "a target that may not be written: says what to do" err "may not be written" "next:"
    chmod 644 target.img
    untouched "a target that may not be written"
    cp small.wim secret.wim && chmod 000 secret.wim
    expect 1 "an image that may not be read: exit 1" "${as_user[@]}" "$wtg" create secret.wim target.img --no-boot --yes
    says "an image that may not be read: says so" err "permission|may not"
    chmod 644 secret.wim
fi

# Damage that only shows when the content is read: the target is touched, but never mountable.
not_mountable() {
    if ! sgdisk -v "$1" 2>&1 | grep -q "No problems found" && ! ntfsfix -n "$1" >/dev/null 2>&1; then
        pass "$2: what was written is not mountable"
    else
        fail "$2: what was written is not mountable"
    fi
}
"$top/tests/cases/wim-break" "$samples/none.wim" flip.wim content "Windows/System32/module-0377.dll line 1024"
expect 1 "a flipped byte: exit 1" "$wtg" create flip.wim flip.img --size 2G --yes
says "a flipped byte: names the file" err 'module-0377\.dll' 'SHA-1|hash'
[ ! -e flip.img ] && pass "a flipped byte: no image is left" || not_mountable flip.img "a flipped byte"
"$top/tests/cases/wim-break" "$samples/install.wim" chunks.wim chunks
expect 1 "a broken chunk table: exit 1" "$wtg" create chunks.wim chunks.img --size 2G --yes
says "a broken chunk table: names a file" err "Windows|Program|Users"
finish
