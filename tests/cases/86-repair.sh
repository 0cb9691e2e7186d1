#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# wtg repair and wtg undo from outside: broken sticks are mended, judged by programs that are not
# ours, and taken back to the byte, also after the repair was killed.
# ROUNDS: at how many of the last writes it is killed (3).
# timeout: 300
. "$(dirname "$0")/lib.sh"
need sgdisk fsck.vfat ntfsfix ntfscp hivexml mcopy strace jq
need_samples install.wim bootmgfw.efi
export XDG_STATE_HOME=$CASE_DIR/state

quietly "$wtg" create "$samples/install.wim" stick.img --size 400M --seed repair --yes --quiet
sectors=$(($(stat -c %s stick.img) / 512))
read -r first last < <(sgdisk -i 3 stick.img | awk '/^First sector:/ { f = $3 } /^Last sector:/ { print f, $3 }')
esp=bad.img@@1M

zero() { dd if=/dev/zero of=bad.img bs=512 seek="$1" count="$2" conv=notrunc status=none; }
broken() { # commands that break it
    cp --sparse=auto stick.img bad.img
    head -c 9000 /dev/urandom >random
    eval "$1"
    cp --sparse=auto bad.img before.img
}
judge() { # what
    sgdisk -v bad.img >sgdisk.log 2>&1
    says "$1: sgdisk finds no problem" sgdisk.log "No problems found"
    part bad.img 1 esp.fat && check "$1: fsck.vfat" fsck.vfat -n esp.fat
    part bad.img 3 win.ntfs && check "$1: ntfsfix -n" ntfsfix -n win.ntfs
    check "$1: wtg disk check" "$wtg" disk check bad.img
    rm -f BCD
    mcopy -n -i $esp ::/EFI/Microsoft/Boot/BCD BCD && check "$1: hivexml reads the BCD" hivexml BCD
    mcopy -n -o -i $esp ::/EFI/Boot/bootx64.efi boot.efi
    same "$1: the boot manager is Windows' own" boot.efi "$samples/bootmgfw.efi"
}
taken_back() { # what
    expect 0 "$1: wtg undo" "$wtg" undo bad.img --yes
    same "$1: taken back to the byte" bad.img before.img
}
mends() { # what repair commands [options of repair...]
    local what=$1 repair=$2
    broken "$3"
    shift 3
    expect 0 "$what: --dry-run" "$wtg" repair bad.img --dry-run "$@"
    says "$what: '$repair' is offered" out "^  $repair "
    same "$what: a plan writes nothing" bad.img before.img
    expect 0 "$what: is mended" "$wtg" repair bad.img --yes "$@"
    judge "$what"
    expect 0 "$what: nothing is left" "$wtg" repair bad.img "$@"
    says "$what: nothing is left" out "nothing that wtg could mend"
    taken_back "$what"
}

broken true
expect 0 "a healthy stick" "$wtg" repair bad.img
says "a healthy stick: nothing to do" out "nothing that wtg could mend"

mends "primary table" gpt 'zero 1 1'
mends "backup table" gpt 'zero $((sectors - 1)) 1'
mends "both tables and the MBR" gpt-search 'zero 0 34; zero $((sectors - 33)) 33'
mends "copied to a larger stick" gpt 'truncate -s 500M bad.img'
mends "boot sector" ntfs-boot 'zero $first 1'
mends "copy of the boot sector" ntfs-boot 'zero $last 1'
mends "new GUIDs" bcd 'sgdisk -G bad.img >/dev/null'
mends "ESP typed as data" partition-type 'sgdisk -t 1:0700 bad.img >/dev/null'
mends "ESP overwritten" esp 'zero 2048 8192'
mends "BCD damaged" bcd 'mcopy -D o -i $esp random ::/EFI/Microsoft/Boot/BCD'
mends "boot manager damaged" boot-files 'mcopy -D o -i $esp random ::/EFI/Boot/bootx64.efi'
mends "a file of Windows overwritten" files \
    'part bad.img 3 p && ntfscp -f p random Windows/System32/winload.efi >/dev/null 2>&1 &&
     dd if=p of=bad.img bs=512 seek=$first conv=notrunc,sparse status=none' --image "$samples/install.wim"

mends "policy file" policy-file 'mcopy -i $esp random ::/EFI/Microsoft/Boot/SkuSiPolicy.p7b' \
    --only secureboot_policy_newer_than_bootloader
mends "hibernation" hibernation \
    '{ printf hibr; head -c 9000 /dev/zero; } >hiber
     part bad.img 3 p && ntfscp -f p hiber hiberfil.sys >/dev/null 2>&1 &&
     dd if=p of=bad.img bs=512 seek=$first conv=notrunc,sparse status=none' --only windows_fast_startup

# From the name of the fault to a healthy stick, and back.
broken 'zero 1 1'
expect 3 "diagnose a fault" "$wtg" diagnose bad.img --json --quiet
jq -es 'last.findings[0].cause == "gpt_primary_damaged"' out >/dev/null &&
    pass "diagnose names it" || fail "diagnose names it" "$(cat out)"
expect 0 "what was named is mended" "$wtg" repair bad.img --yes --only gpt_primary_damaged
expect 0 "diagnose: healthy" "$wtg" diagnose bad.img --json --quiet
jq -es 'last.answer == "healthy"' out >/dev/null && pass "diagnose says healthy" ||
    fail "diagnose says healthy" "$(cat out)"
taken_back "diagnosed and mended"

# Foreign files stay.
broken 'mmd -i $esp ::/EFI/grub; mcopy -i $esp random ::/EFI/grub/x.efi; mdel -i $esp ::/EFI/Boot/bootx64.efi'
expect 0 "foreign files" "$wtg" repair bad.img --yes
mcopy -n -o -i $esp ::/EFI/grub/x.efi there && same "foreign files: they stay" there random
taken_back "foreign files"

# --only.
broken 'zero 1 1; zero $last 1'
expect 0 "--only" "$wtg" repair bad.img --yes --json --only ntfs_backup_boot_damaged
jq -se 'map(select(.event == "plan"))[0].repairs | length == 1 and .[0].repair == "ntfs-boot"' out >/dev/null &&
    pass "--only: one repair, as JSON" || fail "--only: one repair, as JSON" "$(cat out)"
taken_back "--only"
expect 2 "--only nonsense" "$wtg" repair bad.img --only nonsense
expect 4 "without agreement" "$wtg" repair bad.img
same "without agreement nothing is written" bad.img before.img

# Killed at every write; taken back.
broken 'zero 1 1; zero $first 1; mdel -i $esp ::/EFI/Microsoft/Boot/BCD'
strace -f -qq -e trace=pwrite64 -o writes.log "$wtg" repair bad.img --yes --quiet >killed.log 2>&1
writes=$(wc -l <writes.log)
rm -f "$XDG_STATE_HOME"/wtg/*.undo*
# The last 12 are those of the undo file and the target.
for n in $(seq "$writes" "-$((12 / ${ROUNDS:-3}))" $((writes - 11))); do
    cp --sparse=auto before.img bad.img
    { strace -f -qq -o /dev/null -e inject=pwrite64:signal=KILL:when="$n" \
        "$wtg" repair bad.img --yes --quiet; } >killed.log 2>&1
    cmp -s bad.img before.img || "$wtg" undo --yes >undo.log 2>&1 </dev/null ||
        fail "killed at write $n: taken back" "$(cat undo.log)"
    cmp -s bad.img before.img || fail "killed at write $n: the same to the byte"
    rm -f "$XDG_STATE_HOME"/wtg/*.undo*
done
pass "killed at many writes: taken back to the byte"

# Taking back.
expect 1 "nothing to take back" "$wtg" undo --yes
quietly "$wtg" repair bad.img --yes
expect 0 "undo --list" "$wtg" undo --list
says "undo --list: what, of whom" out "bad.img" "gpt"
part bad.img 3 p && ntfscp -f p random Users/new.txt >/dev/null 2>&1
dd if=p of=bad.img bs=512 seek="$first" conv=notrunc,sparse status=none
expect 4 "changed since: refused" "$wtg" undo bad.img --yes
says "changed since: says so" err "changed since"
expect 0 "--force" "$wtg" undo bad.img --yes --force
finish
