# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs programs to their end and says what they cost."""
import ctypes
import dataclasses
import json
import os
import re
import resource
import shlex
import subprocess
import tempfile
import time


class Failed(Exception):
    """A program that was to be measured did not end well."""


@dataclasses.dataclass
class Job:
    """What is measured: commands onto a target, in this order."""
    commands: callable           # of the target's path: a list of command lines
    prepare: callable = None     # the same, before the time begins
    state: str = None            # folder for what wtg remembers between runs
    on_stick: bool = False       # the target is the slow stick, not a file
    extra: dict = dataclasses.field(default_factory=dict)  # fields of the sample that are known


def sync_to_disk(path):
    """Everything of the file system below a folder; of a device, the device."""
    fd = os.open(path, os.O_RDONLY)
    try:
        if not os.path.isdir(path):
            os.fsync(fd)
        elif ctypes.CDLL(None, use_errno=True).syncfs(fd) != 0:
            os.sync()
    finally:
        os.close(fd)


def run(command, env=None):
    """One program: its rusage, and each line it printed with the time at which it came."""
    with tempfile.TemporaryFile("w+") as err:
        try:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                       stderr=err, text=True, errors="replace",
                                       env={**os.environ, **(env or {})})
        except OSError as e:
            raise Failed(f"{command[0]}: {e.strerror}") from e
        lines = [(time.monotonic(), line) for line in process.stdout]
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if status != 0:
            err.seek(0)
            raise Failed(f"{shlex.join(command)}: exit {process.returncode}: "
                         + (err.read()[-2000:] or "".join(line for _, line in lines[-5:])))
    return used, lines


def peak(used):
    """The most memory a program held, or 0 where that is not known: Linux begins counting with what
    the process held before it became that program, which is ours."""
    ours = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used.ru_maxrss * 1024 if used.ru_maxrss > ours else 0


def told_by_wtg(lines):
    """What `wtg --json` says of itself: bytes written and read back, seconds of reading back."""
    told, verify_began = {}, None
    for at, line in lines:
        event = json.loads(line)
        if event.get("step") == "verify":
            verify_began = verify_began or at
        elif verify_began and "verify_s" not in told:
            told["verify_s"] = at - verify_began
        if event["event"] == "report":
            told["written"] = told.get("written", 0) + event["written_bytes"]
            told["verified"] = event.get("verified_bytes", event.get("proved_bytes", 0))
    return told


def told(command, lines):
    """What a program printed about its own work, as fields of a sample."""
    if "--json" in command:
        return told_by_wtg(lines)
    cpu = re.search(r"cpu ([\d.]+) s", "".join(line for _, line in lines))
    return {"decode_cpu": float(cpu[1])} if cpu else {}


def measure(job, target, folder):
    """One timed run, from nothing to everything on the medium."""
    env = {"XDG_STATE_HOME": str(job.state)} if job.state else None
    for command in job.prepare(target) if job.prepare else []:
        run(command, env)
    sync_to_disk(folder)
    sample = {"wall": 0.0, "cpu": 0.0, "peak": 0, **job.extra}
    start = time.monotonic()
    for command in job.commands(target):
        used, lines = run(command, env)
        sample["cpu"] += used.ru_utime + used.ru_stime
        sample["peak"] = max(sample["peak"], peak(used))
        sample.update(told(command, lines))
    sync_to_disk(target if job.on_stick else folder)
    sample["wall"] = time.monotonic() - start
    return sample
