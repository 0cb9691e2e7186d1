# SPDX-License-Identifier: GPL-3.0-or-later
# For the scripts in this folder:  . "$(dirname "$0")/lib.sh"
#
# A case runs in an empty folder of its own, prints TAP lines ('ok - what', 'not ok - what') through
# the functions below, and exits 1 when one was not ok.  By hand:  bash tests/cases/70-cli.sh
# shellcheck shell=bash
set -u
export LC_ALL=C.UTF-8 PATH=$PATH:/usr/sbin:/sbin

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=${BUILD:-$top/build}
samples=$build/sample
wtg=${WTG:-$build/wtg}
if [ -z "${CASE_DIR:-}" ]; then
    CASE_DIR=$(mktemp -d)
    trap 'rm -rf "$CASE_DIR"' EXIT
fi
cd "$CASE_DIR" || exit 1
failures=0

pass() { echo "ok - $1"; }
fail() { # what [more...]
    echo "not ok - $1"
    shift
    printf '# %s\n' "$@" | sed 's/^/  /'
    failures=$((failures + 1))
}
skip() { echo "ok - $1 # SKIP $2"; }
skip_all() { echo "skip: $1"; exit 77; }
finish() { [ "$failures" -eq 0 ]; exit $?; }

need() { # programs that only this case uses
    local program
    for program; do
        command -v "$program" >/dev/null || skip_all "'$program' is not installed"
    done
}
need_samples() {
    "$top/tests/sample/make-sample" "$build" "$samples" "$@" || { fail "samples: $*"; exit 1; }
}

# check WHAT COMMAND...: ok when it exits 0; shows what it printed when not.
check() {
    local what=$1 code=0
    shift
    "$@" >check.log 2>&1 </dev/null || code=$?
    if [ "$code" -eq 0 ]; then pass "$what"; else
        fail "$what" "exit code $code of: $*" "$(tail -c 3000 check.log)"
    fi
    return "$code"
}

# expect CODE WHAT COMMAND...: ok when it exits so; leaves its output in ./out and ./err.
expect() {
    local want=$1 what=$2 code=0
    shift 2
    "$@" >out 2>err </dev/null || code=$?
    if [ "$code" -eq "$want" ]; then pass "$what"; else
        fail "$what" "exit code $code, not $want, of: $*" "$(tail -c 2000 err)"
        return 1
    fi
}

# says WHAT FILE PATTERN...: every extended regular expression occurs in the file.
says() {
    local what=$1 file=$2 pattern
    shift 2
    for pattern; do
        grep -Eqi -- "$pattern" "$file" || {
            fail "$what" "'$pattern' is not in:" "$(tail -c 2000 "$file")"
            return 1
        }
    done
    pass "$what"
}

says_nothing() { # what file
    if [ -s "$2" ]; then fail "$1: says nothing" "$(tail -c 3000 "$2")"; else pass "$1: says nothing"; fi
}

# same WHAT FILE FILE
same() {
    if cmp -s "$2" "$3"; then pass "$1"; else
        fail "$1" "$(cmp "$2" "$3" 2>&1)"
        return 1
    fi
}

# part IMAGE NUMBER OUT: copies a partition out of a disk image, holes stay holes.
part() {
    local first last sector=512
    first=$(sgdisk -i "$2" "$1" | awk '/^First sector:/ { print $3 }')
    last=$(sgdisk -i "$2" "$1" | awk '/^Last sector:/ { print $3 }')
    [ -n "$first" ] && [ -n "$last" ] || { echo "no partition $2 in $1" >&2; return 1; }
    rm -f "$3"
    truncate -s $(((last - first + 1) * sector)) "$3"
    python3 "$top/tests/cases/sparse-copy" "$1" $((first * sector)) \
        $(((last - first + 1) * sector)) "$3"
}

# look_at_volume FILE: every reader of NTFS that is not ours; leaves fls.log and fsntfs.log.
look_at_volume() {
    check "ntfsfix -n" ntfsfix -n "$1"
    check "ntfsinfo -m" ntfsinfo -m -f "$1"
    ntfsresize -i -f "$1" >resize.log 2>&1
    says "ntfsresize -i -f: consistent" resize.log "You might resize at"
    check "ntfscluster: which files use clusters" ntfscluster -f -c 0-100000 "$1"
    check "fsstat" fsstat "$1"
    check "fls -r" fls -r -p "$1"
    cp check.log fls.log
    check "7z t" 7z t "$1"
    check "fsntfsinfo" fsntfsinfo "$1"
    check "fsntfsinfo -H" fsntfsinfo -H "$1"
    cp check.log fsntfs.log
    check "grub-fstest ls" grub-fstest "$1" ls '(loop0)/'
}

# decoded VOLUME ALGORITHM CHUNK TREE: every compact file, its raw stream from ntfs-3g, decoded by
# libwim, is the file in TREE; says how many there are.
decoded() {
    local files=0 bad=0 path size
    wimlib-imagex capture "$1" seen.wim --compress=none --norpfix >capture.log 2>&1 </dev/null
    wimlib-imagex dir seen.wim 1 --detailed 2>/dev/null | awk '
        /^Full Path/ { path = substr($0, index($0, "\"") + 1); sub(/"$/, "", path) }
        /^Reparse Tag *= 0x80000017/ { print path }' >compact.list
    while IFS= read -r path; do
        size=$(stat -c %s "$4$path")
        ntfscat -f -n WofCompressedData "$1" "$path" 2>/dev/null |
            "$build/tests/cases/wof-decode" "$2" "$3" "$size" | cmp -s - "$4$path" || {
            bad=$((bad + 1))
            echo "$path"
        }
        files=$((files + 1))
    done <compact.list >wrong.list
    if [ "$files" -gt 0 ] && [ "$bad" -eq 0 ]; then
        pass "$1: $files compact files, each the one in the image"
    else
        fail "$1: $bad of $files compact files differ" "$(head wrong.list)"
    fi
}

# The number of the partition that holds Windows: the last.
windows_part() { sgdisk -p "$1" | awk '$1 ~ /^[0-9]+$/ { n = $1 } END { print n }'; }

# Its output only when it fails; then the case is over.
quietly() {
    "$@" >quietly.log 2>&1 </dev/null || {
        fail "$1 works" "$(tail -c 2000 quietly.log)"
        finish
    }
}
