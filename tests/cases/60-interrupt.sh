#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Stopped in the middle: exit 130, and what is on the target cannot be taken for a finished stick.
# timeout: 400
# long
. "$(dirname "$0")/lib.sh"
need_samples hard.wim install.wim

# No table that shows a partition, neither the first nor the backup; or no NTFS in that partition.
unusable() { # image what
    local number
    number=$(windows_part "$1" 2>/dev/null)
    if [ -n "$number" ]; then
        part "$1" "$number" left
        if ntfsfix -n left >/dev/null 2>&1; then
            fail "$2: nothing mountable is left"
            return
        fi
    fi
    pass "$2: nothing mountable is left"
}

# Starts create on the big image (some seconds of work) and sends a signal when it begins to write.
stopped_by() { # signal
    mkfifo lines
    "$wtg" create "$samples/hard.wim" stick.img --size 12G --no-boot --yes --json --checkpoint 1M >lines 2>err </dev/null &
    local pid=$!
    exec 5<lines
    rm lines
    while read -r line <&5; do
        case $line in
        *'"write-data"'*) break ;;
        esac
    done
    kill -"$1" "$pid" 2>/dev/null
    cat <&5 >rest
    exec 5<&-
    code=0
    wait "$pid" || code=$?
}

# A good stick first: a stopped second run must not leave the first one half alive.
expect 0 "a first stick" "$wtg" create "$samples/install.wim" stick.img --size 12G --yes
stopped_by INT
if [ "$code" -eq 130 ]; then pass "Ctrl-C: exit 130"; else fail "Ctrl-C: exit 130" "exit $code" "$(tail -3 rest)"; fi
unusable stick.img "Ctrl-C"
stopped_by TERM
if [ "$code" -ne 0 ]; then pass "SIGTERM: not 0"; else fail "SIGTERM: not 0"; fi
unusable stick.img "SIGTERM"
stopped_by KILL
unusable stick.img "SIGKILL"
expect 0 "after all that it can be written again" "$wtg" create "$samples/install.wim" stick.img --size 12G --yes
check "and is sound" "$wtg" disk check stick.img

# No space on the host: a file system of 20 MB, where this user may make one.
mkdir mnt
tight() { # script: runs with a little file system at mnt
    if [ "$(id -u)" -eq 0 ]; then
        unshare -m bash -c "mount -t tmpfs -o size=20m tmpfs mnt && $1"
    else
        unshare -rm bash -c "mount -t tmpfs -o size=20m tmpfs mnt && $1"
    fi
}
if tight true 2>/dev/null; then
    expect 1 "the host runs full: exit 1" tight "$wtg create '$samples/install.wim' mnt/stick.img --size 4G --yes"
    says "the host runs full: says so" err "space"
else
    skip "the host runs full" "this user may not mount a tmpfs"
fi
# The same by a limit on file size, which everybody may set.
full() { bash -c "trap '' XFSZ; ulimit -f 3000000; exec \"\$@\"" - "$@"; }
code=0
full "$wtg" create "$samples/install.wim" limited.img --size 8G --yes >out 2>err </dev/null || code=$?
if [ "$code" -eq 1 ]; then pass "a limit on file size: exit 1"; else fail "a limit on file size: exit $code"; fi
finish
