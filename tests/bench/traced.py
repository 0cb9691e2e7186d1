# SPDX-License-Identifier: GPL-3.0-or-later
"""The writes of a program to its target, as strace sees them.

strace does not see what goes through io_uring.  So it tells the program that there is none, and the
same writes come as pwrite64, one after the other.
"""
import os
import re
import subprocess

from cost import Failed

LARGE = 1 << 20
WRITE = re.compile(r" (?:pwrite64|write)\(\d+<([^>]*)>, .*?, (\d+)(?:, (\d+))?(?:\)| <unfinished)")


def written(job, target, folder):
    """Bytes, calls, bytes in large writes, bytes at or behind the end of the write before, and how
    often the offset went back."""
    log = folder / "strace.log"
    found = {"bytes": 0, "calls": 0, "large": 0, "rising": 0, "turns": 0}
    for command in job.commands(target):
        done = subprocess.run(
            ["strace", "-f", "-qq", "-y", "-s", "0", "-o", log, "-e", "signal=none", "-e",
             "trace=io_uring_setup,pwrite64,write", "-e", "inject=io_uring_setup:error=ENOSYS",
             *command], stdin=subprocess.DEVNULL, capture_output=True, text=True,
            env={**os.environ, **({"XDG_STATE_HOME": str(job.state)} if job.state else {})})
        if done.returncode != 0:
            raise Failed(f"strace {' '.join(command)}: {done.stderr[-2000:]}")
        with open(log, errors="replace") as lines:
            add(found, lines, target)
    log.unlink()
    return found


def add(found, lines, target):
    end = 0
    for line in lines:
        write = WRITE.search(line)
        if not write or write[1] != str(target):
            continue
        size, offset = int(write[2]), int(write[3] or 0)
        found["calls"] += 1
        found["bytes"] += size
        found["large"] += size if size >= LARGE else 0
        found["rising"] += size if offset >= end else 0
        found["turns"] += offset < end
        end = offset + size
