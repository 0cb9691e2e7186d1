# SPDX-License-Identifier: GPL-3.0-or-later
"""Where and with what was measured."""
import os
import pathlib
import platform
import re
import subprocess

PACKAGES = ["ntfs-3g", "wimtools", "libwim15", "coreutils", "bmap-tools", "nbdkit", "libnbd-bin",
            "strace", "libssl3"]


def output(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True).stdout.strip()
    except OSError:
        return ""


def value(path, key):
    found = re.search(rf"(?m)^{key}\s*:\s*(.*)$", pathlib.Path(path).read_text())
    return found[1] if found else "?"


def disk(folder):
    source, kind = (output("findmnt", "-n", "-o", "SOURCE,FSTYPE", "-T", folder).split() + ["?"] * 2)[:2]
    what = " ".join(output("lsblk", "-d", "-n", "-o", "SIZE,TRAN,MODEL", source).split())
    return f"{source}, {what}, {kind}"


def facts(root, folder, wtg):
    """One line of each, for the report."""
    release = dict(line.split("=", 1) for line in
                   pathlib.Path("/etc/os-release").read_text().splitlines() if "=" in line)
    dirty = output("git", "-C", root, "status", "--porcelain", "--", "src", "cli", "include")
    return {
        "CPU": f"{value('/proc/cpuinfo', 'model name')}, {os.cpu_count()} cores",
        "memory": f"{int(value('/proc/meminfo', 'MemTotal').split()[0]) / 1e6:.1f} GB",
        "disk": disk(folder),
        "kernel": f"Linux {platform.release()} {platform.machine()}",
        "system": release.get("PRETTY_NAME", "?").strip('"'),
        "program": f"{output(wtg, '--version')}, commit "
                   f"{output('git', '-C', root, 'rev-parse', '--short', 'HEAD') or '?'}"
                   f"{', with changes' if dirty else ''}",
        "packages": ", ".join(output("dpkg-query", "-W", "-f", "${Package} ${Version}\n",
                                     *PACKAGES).splitlines()),
    }
