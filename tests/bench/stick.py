# SPDX-License-Identifier: GPL-3.0-or-later
"""A slow stick: 100 MB/s each way and 1 ms per request.

It is nbdkit's memory disk behind its filters for rate and delay.  nbdfuse makes a file of it, and
losetup a disk of that, so that several requests can be on their way.  Needs root.
"""
import contextlib
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

from cost import Failed

RATE, DELAY = 100_000_000, "1ms"  # bytes per second
BURST = "0.1"  # seconds; with the filter's own 2 s the first 200 MB would cost nothing


def missing():
    """Why there can be no stick here, or None."""
    if os.geteuid() != 0:
        return "a loop device needs root"
    for device in "/dev/fuse", "/dev/loop-control":
        if not os.path.exists(device):
            return f"there is no {device}"
    for program in "nbdkit", "nbdfuse", "losetup", "fusermount3":
        if not shutil.which(program):
            return f"'{program}' is not installed"
    return None


def command(file, size):
    return ["nbdfuse", str(file), "--command", "nbdkit", "-s", "--filter=rate", "--filter=delay",
            "memory", size, f"rate={8 * RATE}", f"burstiness={BURST}",
            f"rdelay={DELAY}", f"wdelay={DELAY}"]  # the filter counts bits


def wait_until_there(file, process):
    for _ in range(100):
        if file.stat().st_size > 0:
            return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise Failed("nbdfuse brought no stick")


@contextlib.contextmanager
def plugged_in(size):
    """The path of a new, empty stick, for the time of a 'with'."""
    folder = pathlib.Path(tempfile.mkdtemp())
    file = folder / "stick"
    file.touch()
    with contextlib.ExitStack() as undo:
        undo.callback(shutil.rmtree, folder, ignore_errors=True)
        process = subprocess.Popen(command(file, size), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        undo.callback(process.wait)
        undo.callback(subprocess.run, ["fusermount3", "-u", file], stderr=subprocess.DEVNULL)
        wait_until_there(file, process)
        loop = subprocess.run(["losetup", "--find", "--show", "--direct-io=on", file], check=True,
                              capture_output=True, text=True).stdout.strip()
        undo.callback(subprocess.run, ["losetup", "-d", loop], check=True)
        yield loop
