#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Raw images onto one or many targets: packed, mapped, damaged, too large, interrupted.
# timeout: 400
. "$(dirname "$0")/lib.sh"
need jq gzip xz zstd bzip2 zip
need_samples sample.iso

noise() { openssl enc -aes-128-ctr -nosalt -pbkdf2 -k "$1" </dev/zero 2>/dev/null | head -c "$2"; }
is_wiped() { # what file: its first MiB is zero
    check "$1" cmp -n 1048576 "$2" /dev/zero
}
gone() { # what file
    if [ -e "$2" ]; then fail "$1"; else pass "$1"; fi
}
write() { "$wtg" write "$@" --yes; }

# An image with a partition table, noise, a hole and an odd end.
noise image 3000000 >disk.img
truncate -s 9000000 disk.img
noise more 1500123 >>disk.img

# Every way of packing, alone.
gzip -k disk.img
xz -k -1 disk.img
xz -k -1 --block-size=1MiB -c disk.img >blocks.img.xz
zstd -q -k disk.img
bzip2 -k disk.img
zip -q disk.zip disk.img
cat <(head -c 4000000 disk.img | gzip) <(tail -c +4000001 disk.img | gzip) <(echo signature) >two.img.gz
cat <(head -c 4000000 disk.img | zstd -q) <(tail -c +4000001 disk.img | zstd -q) >two.img.zst
for image in disk.img disk.img.{gz,xz,zst,bz2} disk.zip blocks.img.xz two.img.gz two.img.zst; do
    rm -f out.img
    expect 0 "$image" write "$image" out.img
    same "$image: arrives" disk.img out.img
done
if [ "$(stat -c %b out.img)" -lt 10000 ]; then pass "holes stay holes"; else fail "holes stay holes" "$(stat out.img)"; fi

# Sizes around sectors, the first MiB and chunks.
for size in 1 511 513 4097 1048575 1048576 1048577 4194303 4194304 4194305; do
    head -c "$size" disk.img >odd.img
    gzip -kf odd.img
    rm -f out1.img out2.img
    expect 0 "$size bytes" write odd.img out1.img out2.img
    same "$size bytes: arrive" odd.img out1.img
    same "$size bytes: arrive twice" odd.img out2.img
    expect 0 "$size bytes, packed" write odd.img.gz out1.img
    same "$size bytes, packed: arrive" odd.img out1.img
done

# A target that exists keeps its size, and what was in it is gone.
noise old 12000000 >out.img
expect 0 "onto a larger file" write disk.img out.img
check "onto a larger file: arrives" cmp -n 10500123 disk.img out.img
check "onto a larger file: nothing old behind it" cmp -n 1499877 -i 10500123:0 out.img /dev/zero
truncate -s 10500123 exact.img
expect 0 "onto a file of the same odd size" write disk.img exact.img
same "onto a file of the same odd size: arrives" disk.img exact.img

# Too small.
noise old 5000000 >small.img
cp small.img before.img
for image in disk.img disk.img.xz disk.img.zst disk.zip; do
    expect 1 "$image, too small a target" write "$image" small.img
    says "$image, too small a target: says so" err "too small" "10500123"
    same "$image, too small a target: untouched" before.img small.img
done
expect 1 "--size is too small" write disk.img new.img --size 1M
gone "--size is too small: nothing made" new.img
expect 1 "of unknown size, too small a target" write disk.img.gz small.img
says "of unknown size, too small a target: says so" err "too small|ends at byte"
is_wiped "of unknown size, too small a target: does not boot" small.img

# Hashes.
sum=$(sha256sum disk.img | cut -c1-64)
packed=$(sha256sum disk.img.xz | cut -c1-64)
wrong=${sum//[0-4]/5}
expect 0 "--sha256" write disk.img out.img --sha256 "$sum"
expect 0 "--sha256 of a packed file" write disk.img.xz out.img --sha256 "$packed"
says "--sha256 of a packed file: reported" out "$packed"
expect 0 "--sha256 of what is in it" write disk.img.xz out.img --sha256 "${sum^^}"
for image in disk.img disk.img.xz; do
    rm -f out.img
    expect 1 "$image, --sha256 of another" write "$image" out.img --sha256 "$wrong"
    says "$image, --sha256 of another: says so" err "$wrong" "holds a wrong image" "does not boot"
    is_wiped "$image, --sha256 of another: does not boot" out.img
done
expect 2 "--sha256 nonsense" write disk.img out.img --sha256 12
sums() { # what exit file: with that checksum file beside the images
    expect "$2" "$1" write disk.img out.img
    expect "$2" "$1, packed" write disk.img.zst out.img
    rm "$3"
}
sha256sum disk.img disk.img.zst >SHA256SUMS
sums "SHA256SUMS" 0 SHA256SUMS
sha256sum --tag -- disk.img ./disk.img.zst >SHA256SUMS
sums "SHA256SUMS, BSD" 0 SHA256SUMS
printf '%s  disk.img\n%s *disk.img.zst\r\n' "$wrong" "$wrong" >SHA256SUMS
sums "SHA256SUMS of others" 1 SHA256SUMS
printf '%s  other.img\n' "$wrong" >SHA256SUMS
sums "SHA256SUMS about others" 0 SHA256SUMS
echo "$wrong" >disk.img.sha256
expect 1 "IMAGE.sha256, only digits" write disk.img out.img
says "IMAGE.sha256: named" err "disk.img.sha256"
rm disk.img.sha256

# Block maps.
python3 - <<'P'
import hashlib
data = open("disk.img", "rb").read()
def make(version, kind, ranges, name):
    total = -(-len(data) // 4096)
    attribute, tag = ("sha1", "BmapFileSHA1") if version < "1.4" else ("chksum", "BmapFileChecksum")
    rows = "".join('<Range %s="%s"> %s </Range>\n' % (attribute, kind(data[a * 4096:(b + 1) * 4096]).hexdigest(),
                   f"{a}-{b}" if a != b else a) for a, b in ranges)
    mapped = sum(b - a + 1 for a, b in ranges)
    zeroes = "0" * len(kind(b"").hexdigest())
    kinds = "" if version == "1.3" else "<ChecksumType> %s </ChecksumType>" % kind(b"").name
    own = "" if version == "1.2" else f"<{tag}> {zeroes} </{tag}>"
    xml = f'''<?xml version="1.0" ?>
<bmap version="{version}"><ImageSize> {len(data)} </ImageSize><BlockSize> 4096 </BlockSize>
<BlocksCount> {total} </BlocksCount><MappedBlocksCount> {mapped} </MappedBlocksCount>
{kinds if version != "1.2" else ""}{own}
<BlockMap>
{rows}</BlockMap></bmap>
'''
    if own:
        xml = xml.replace(zeroes, kind(xml.encode()).hexdigest(), 1)
    open(name, "w").write(xml)
ranges = [(0, 99), (300, 300), (2500, -(-len(data) // 4096) - 1)]
make("2.0", hashlib.sha256, ranges, "good20")
make("1.4", hashlib.sha1, ranges, "good14")
make("1.3", hashlib.sha1, ranges, "good13")
make("1.2", hashlib.sha1, ranges, "good12")
make("3.0", hashlib.sha256, ranges, "version")
wanted = bytearray(len(data))
for a, b in ranges:
    wanted[a * 4096:(b + 1) * 4096] = data[a * 4096:(b + 1) * 4096]
open("mapped.img", "wb").write(wanted)
text = open("good12").read()
first = text.index('sha1="') + 6
open("sum", "w").write(text[:first] + "00000000" + text[first + 8:])
open("overlap", "w").write(text.replace("> 300 <", "> 99 <"))
open("outside", "w").write(text.replace("> 300 <", "> 300000 <"))
open("count", "w").write(text.replace("<MappedBlocksCount> ", "<MappedBlocksCount> 1"))
open("size", "w").write(text.replace("10500123", "10500124"))
open("own", "w").write(open("good20").read().replace("> 300 <", "> 301 <"))
open("cut", "w").write(text[:400])
P
for map in good20 good14 good13 good12; do
    cp $map disk.img.bmap
    rm -f out.img
    expect 0 "block map $map" write disk.img out.img --json
    same "block map $map: only what it names" mapped.img out.img
    bytes=$(jq -s 'last | .written_bytes' out)
    if [ "$bytes" -lt 1000000 ]; then pass "block map $map: writes little"; else fail "block map $map: writes $bytes"; fi
    rm -f out.img
    expect 0 "block map $map, packed image" write disk.img.xz out.img
    same "block map $map, packed image: only what it names" mapped.img out.img
    expect 0 "block map $map and a hash" write disk.img out.img --sha256 "$sum"
    same "block map $map and a hash: only what it names" mapped.img out.img
done
for map in overlap outside count size own cut version; do
    cp $map disk.img.bmap
    cp before.img keep.img
    truncate -s 12M keep.img
    cp keep.img kept.img
    expect 1 "block map, wrong: $map" write disk.img keep.img
    says "block map, wrong: $map: says which" err "disk.img.bmap"
    same "block map, wrong: $map: nothing written" kept.img keep.img
done
cp sum disk.img.bmap
rm -f out.img
expect 1 "a range that is not as its checksum says" write disk.img out.img
says "a range that is not as its checksum says: which" err "bytes 0 to 409599"
is_wiped "a range that is not as its checksum says: does not boot" out.img
if command -v bmaptool >/dev/null; then
    bmaptool create disk.img -o disk.img.bmap >/dev/null 2>&1
    rm -f out.img
    expect 0 "a block map made by bmaptool" write disk.img out.img
    same "a block map made by bmaptool: arrives" disk.img out.img
fi
rm disk.img.bmap

# Damage.
flip() { # file byte: another value
    cp "$1" "$3"
    printf '\x5a' | dd of="$3" bs=1 seek="$2" conv=notrunc status=none
}
for form in img.gz img.xz img.zst img.bz2 zip; do
    rm -f out.img
    size=$(stat -c %s disk.$form)
    head -c $((size / 2)) disk.$form >cut.$form
    flip disk.$form $((size / 2)) flipped.$form
    for damaged in cut flipped; do
        cp before.img out.img
        truncate -s 16M out.img
        expect 1 "$damaged.$form" write $damaged.$form out.img
        says "$damaged.$form: says so" err "damaged"
        # What is found at once leaves the target alone.
        cmp -s -n 1048576 before.img out.img || is_wiped "$damaged.$form: does not boot" out.img
        rm out.img
        expect 1 "$damaged.$form, a new file" write $damaged.$form out.img
        gone "$damaged.$form, a new file: removed" out.img
    done
done
size=$(stat -c %s disk.img.gz)
flip disk.img.gz $((size - 6)) crc.img.gz
expect 1 "gzip with another CRC" write crc.img.gz out.img
flip disk.img.gz $((size - 2)) length.img.gz
expect 1 "gzip with another length" write length.img.gz out.img
head -c $((size - 3)) disk.img.gz >trailer.img.gz
expect 1 "gzip without its end" write trailer.img.gz out.img

# What is no raw image.
refused() { # what file pattern
    rm -f out.img
    expect 1 "$1 is refused" write "$2" out.img
    says "$1 is refused: says why" err "$3"
    gone "$1 is refused: nothing made" out.img
}
refused "a Windows setup ISO" "$samples/sample.iso" "wtg create"
refused "a WIM" "$samples/install.wim" "wtg create"
tar cf some.tar disk.zip
gzip -k some.tar
refused "a tar archive" some.tar "tar archive"
refused "a packed tar archive" some.tar.gz "tar archive"
zip -q several.zip some.tar disk.zip
refused "a zip with several files" several.zip "not clear"
zip -q -P secret secret.zip disk.img
refused "an encrypted zip" secret.zip "encrypted"
gzip -c disk.img.xz >twice.gz
refused "packed twice" twice.gz "another packed file"
printf '<!DOCTYPE html><p>not found' >page.img
refused "a web page" page.img "web page"
: >empty.img
refused "an empty file" empty.img "empty"
gzip -k empty.img
refused "a packed empty file" empty.img.gz "no bytes"
refused "no file" nothing.img "nothing.img"
cp "$samples/sample.iso" hybrid.iso
printf '\x80\0\0\0\x17\0\0\0\0\0\0\0\0\x10\0\0' | dd of=hybrid.iso bs=1 seek=446 conv=notrunc status=none
printf '\x55\xaa' | dd of=hybrid.iso bs=1 seek=510 conv=notrunc status=none
expect 0 "a hybrid ISO" write hybrid.iso out.img
same "a hybrid ISO: arrives" hybrid.iso out.img

# The plan.
rm -f out.img
expect 0 "--dry-run" "$wtg" write disk.img.xz out.img --dry-run
says "--dry-run: the plan" out "disk.img.xz" "xz" "10.5 MB" "out.img"
gone "--dry-run: nothing made" out.img
expect 4 "without an answer" "$wtg" write disk.img out.img
gone "without an answer: nothing made" out.img
expect 4 "the image itself as target" write disk.img disk.img
expect 4 "the same target twice" write disk.img twice.img ./twice.img
gone "the same target twice: nothing made" twice.img
expect 0 "--json" write disk.img a.img b.img --json
check "--json: objects, a report each" jq -es 'all(type == "object") and
    ([.[] | select(.event == "report" and .verified and .proved_bytes == 10500123)] | length) == 2' out
expect 0 "--no-verify" write disk.img a.img --no-verify
says "--no-verify: says so" out "not read back"

# Many, and one that fails.
targets=$(seq -f 'many%g.img' 12)
# shellcheck disable=SC2086
expect 0 "twelve targets" write disk.img.gz $targets
for t in $targets; do cmp -s disk.img "$t" || fail "twelve targets: $t"; done
rm -f many*.img
noise limit 40000000 >large.img
full() { bash -c "trap '' XFSZ; ulimit -f 20000; exec \"\$@\"" - "$@"; }
expect 1 "a limit on file size stops both" full "$wtg" write large.img a.img b.img --yes
mkdir -p mnt
tight() { # script: runs with a little file system at mnt
    if [ "$(id -u)" -eq 0 ]; then
        unshare -m bash -c "mount -t tmpfs -o size=10m tmpfs mnt && $1"
    else
        unshare -rm bash -c "mount -t tmpfs -o size=10m tmpfs mnt && $1"
    fi
}
rm -f a.img b.img
if tight true 2>/dev/null; then
    expect 1 "one of three runs full" tight "$wtg write large.img a.img mnt/full.img b.img --yes --json"
    same "one of three runs full: the first is good" large.img a.img
    same "one of three runs full: the last is good" large.img b.img
    check "one of three runs full: reports and an error" jq -es '([.[] | select(.event == "report")] | length) == 2 and
        ([.[] | select(.event == "error" and .code == "NO_SPACE" and (.text | test("full.img")))] | length) == 1' out
else
    skip "one of three runs full" "this user may not mount a tmpfs"
fi

# Stopped in the middle.
noise big 700000000 >big.img
stopped_by() { # signal target
    mkfifo lines
    "$wtg" write big.img "$2" --yes --json >lines 2>err </dev/null &
    local pid=$!
    exec 5<lines
    rm lines
    while read -r line <&5; do
        case $line in
        *'"write-data"'*'"done":0,'*) ;;
        *'"write-data"'*) break ;;
        esac
    done
    kill -"$1" "$pid"
    cat <&5 >rest
    exec 5<&-
    code=0
    wait "$pid" || code=$?
}
stopped_by INT new.img
if [ "$code" -eq 130 ]; then pass "Ctrl-C: exit 130"; else fail "Ctrl-C: exit 130" "exit $code" "$(tail -3 rest)"; fi
gone "Ctrl-C: a new file is removed" new.img
cp --sparse=always disk.img old.img
truncate -s 700000000 old.img
stopped_by INT old.img
if [ "$code" -eq 130 ]; then pass "Ctrl-C again: exit 130"; else fail "Ctrl-C again: exit 130" "exit $code"; fi
is_wiped "Ctrl-C: an old file does not boot" old.img
stopped_by KILL old.img
is_wiped "SIGKILL: does not boot" old.img
finish
