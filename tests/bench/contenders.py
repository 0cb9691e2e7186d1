# SPDX-License-Identifier: GPL-3.0-or-later
"""Who runs: the program's ways to be used and its peers, as a table of command lines."""
import atexit
import json
import os
import pathlib
import shutil

import cost
import sources
import stick
import traced
import web

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent

# How much is measured.  'scale': name, files, bytes; every file of the same kind, so that files
# and bytes grow alike.
FULL = {
    "image": {"files": 60_000, "bytes": 3_000_000_000}, "target": "12G",
    "memory": "512M", "raw": 4 << 30,  # and "esd", which is asked for
    "scale": [("15k", 15_000, 562_500_000), ("1GB", 26_667, 1_000_000_000),
              ("60k", 60_000, 2_250_000_000), ("3GB", 80_000, 3_000_000_000),
              ("240k-9GB", 240_000, 9_000_000_000)],
    "large-target": "24G",
}
QUICK = {
    "image": {"files": 300, "bytes": 8_000_000}, "target": "1G",
    "esd": {"files": 50, "bytes": 1_000_000}, "memory": "512M", "raw": 64 << 20,
    "scale": [("15k", 150, 5_625_000), ("1GB", 267, 10_000_000), ("60k", 600, 22_500_000),
              ("3GB", 800, 30_000_000), ("240k-9GB", 2400, 90_000_000)],
    "large-target": "1G",
}


class Bench:
    """What contenders share: the folder, the images in it, and what ran before in this round."""

    def __init__(self, folder, sizes, build):
        self.folder, self.sizes = folder, sizes
        self.wtg = build / "wtg"
        self.decoder = build / "tests/bench/bench-decode"
        self.target = folder / "target.img"
        self.last = {}  # samples of this round, by contender
        self.commands = {}  # what was run, by contender
        self.warm = set()   # sources that have been read once
        self.server = None  # address of the folder's web server

    # Sources: made where they are missing, and read once, so that nobody pays for being the first.

    def warmed(self, image):
        if image not in self.warm:
            self.warm.add(image)
            cost.run(["dd", f"if={image}", "of=/dev/null", "bs=4M", "status=none"])
        return image

    def image(self):
        return self.warmed(sources.captured(self.folder / "big.wim", self.sizes["image"],
                                            ["--compress=LZX"]))

    def esd(self):
        size = self.sizes["esd"]["bytes"] / 1e9
        return self.warmed(sources.captured(self.folder / f"solid-{size:g}GB.esd",
                                            self.sizes["esd"], ["--solid"]))

    def raw(self):
        return self.warmed(sources.noise(self.folder / "raw.img", self.sizes["raw"]))

    def scale(self, name):
        files, size = next(row[1:] for row in self.sizes["scale"] if row[0] == name)
        # The quickest LZX there is: decoding it is as much work.
        return self.warmed(sources.captured(self.folder / f"scale-{name}.wim",
                                            {"files": files, "bytes": size},
                                            ["--compress=LZX:20"], from_usr=False))

    def url(self):
        """The raw image on a web server."""
        if not self.server:
            process, self.server = web.start(self.folder)
            atexit.register(process.kill)
        return f"{self.server}/{self.raw().name}"

    # Folders in which wtg remembers what was proved.

    def state(self, kind):
        folder = self.folder / f"state-{kind}"
        if kind == "new":
            shutil.rmtree(folder, ignore_errors=True)
        return folder

    def proved(self):
        """One that holds the proof of the image."""
        folder = self.state("proved")
        env = {"XDG_STATE_HOME": str(folder)}
        create, = self.create(self.image(), *LZX)(self.target)
        if not json.loads(cost.run([*create, "--dry-run"], env)[1][-1][1])["proved_sha256"]:
            cost.run([*create, "--sha256", sources.sha256(self.image())], env)
            self.target.unlink()
        return folder

    # Command lines.

    def create(self, image, *options, verify=False, targets=1, size="target"):
        def commands(target):
            where = [f"{target}{'' if i == 0 else f'.{i + 1}'}" for i in range(targets)]
            how = ["--allow-fixed"] if str(target).startswith("/dev/") else \
                ["--size", self.sizes[size]]
            proof = [] if verify else ["--no-verify"]
            return [[str(self.wtg), "create", str(image), *where, *how, "--no-boot", *proof,
                     *options, "--yes", "--json"]]
        return commands

    def write(self, *options):
        return lambda target: [[str(self.wtg), "write", str(self.raw()), str(target), *options,
                                "--yes", "--json"]]

    def apply(self, image):
        def commands(target):
            make = [] if str(target).startswith("/dev/") else \
                [["truncate", "-s", self.sizes["target"], str(target)]]
            return [*make, ["mkntfs", "-F", "-Q", "-q", str(target)],
                    ["wimlib-imagex", "apply", str(image), str(target)]]
        return commands


LZX = ("--compact", "lzx")


def dd(source, size):
    return lambda target: [["dd", f"if={source}", f"of={target}", "bs=4M", "oflag=direct",
                            "conv=fsync", "iflag=fullblock,count_bytes", f"count={size}",
                            "status=none"]]


def read(size):
    return lambda target: [["dd", f"if={target}", "of=/dev/null", "bs=4M",
                            "iflag=direct,count_bytes", f"count={size}", "status=none"]]


def dd_of(other):
    """As many bytes as another wrote in this round."""
    def job(b):
        size = b.last[other]["written"]
        return cost.Job(dd("/dev/zero", size), extra={"written": size})
    return job


def read_of(other):
    def job(b):
        size = b.last[other]["verified"]
        return cost.Job(read(size), prepare=dd("/dev/zero", size), extra={"read": size})
    return job


def stick_dd(b):
    size = b.last["stick-compact"]["written"]
    return cost.Job(dd("/dev/zero", size), on_stick=True, extra={"written": size})


# Name: the job, for a Bench in which those before it have run.
JOBS = {
    "peer": lambda b: cost.Job(b.apply(b.image())),
    "plain": lambda b: cost.Job(b.create(b.image()), state=b.state("unproved")),
    "compact": lambda b: cost.Job(b.create(b.image(), *LZX), state=b.state("unproved")),
    "proved": lambda b: cost.Job(b.create(b.image(), *LZX), state=b.proved()),
    "hashed": lambda b: cost.Job(b.create(b.image(), *LZX, "--sha256", sources.sha256(b.image())),
                                 state=b.state("new")),
    "sha256sum": lambda b: cost.Job(lambda _: [["sha256sum", str(b.image())]]),
    "decode": lambda b: cost.Job(lambda _: [[str(b.decoder), "-t", str(os.cpu_count()), "-s", str(b.image())]]),
    "dd": dd_of("proved"),
    "dd-plain": dd_of("plain"),

    "esd-peer": lambda b: cost.Job(b.apply(b.esd())),
    "esd": lambda b: cost.Job(b.create(b.esd()), state=b.state("unproved"),
                              extra=sources.counts(b.esd())),
    "esd-memory": lambda b: cost.Job(b.create(b.esd(), "--memory", b.sizes["memory"]),
                                     state=b.state("unproved")),

    "verify": lambda b: cost.Job(lambda _: [[str(b.wtg), "image", "verify", "--no-signatures",
                                             "--quiet", str(b.image())]]),
    "verify-peer": lambda b: cost.Job(lambda _: [["wimlib-imagex", "verify", str(b.image())]]),

    "proof": lambda b: cost.Job(b.create(b.image(), verify=True), state=b.state("unproved")),
    "proof-dd": read_of("proof"),

    "write": lambda b: cost.Job(b.write("--no-verify")),
    "write-proof": lambda b: cost.Job(b.write()),
    "write-dd": lambda b: cost.Job(dd(b.raw(), b.sizes["raw"])),
    "write-dd-read": lambda b: cost.Job(read(b.sizes["raw"]), prepare=dd(b.raw(), b.sizes["raw"])),
    "bmaptool": lambda b: cost.Job(lambda t: [["bmaptool", "-q", "copy", "--nobmap", str(b.raw()),
                                               str(t)]]),

    "fetch": lambda b: cost.Job(lambda t: [[str(b.wtg), "fetch", b.url(), "--output", str(t),
                                            "--quiet"]]),
    "fetch-curl": lambda b: cost.Job(lambda t: [["curl", "-s", "-o", str(t), b.url()]]),
    "fetch-aria2c": lambda b: cost.Job(lambda t: [["aria2c", "-q", "-x4", "-s4", "-k4M",
                                                   "--file-allocation=none", "-d", str(t.parent),
                                                   "-o", t.name, b.url()]]),

    "four": lambda b: cost.Job(b.create(b.image(), targets=4), state=b.state("unproved")),

    "stick-compact": lambda b: cost.Job(b.create(b.image(), *LZX), on_stick=True,
                                        state=b.state("unproved")),
    "stick-proved": lambda b: cost.Job(b.create(b.image(), *LZX), on_stick=True,
                                       state=b.proved()),
    "stick-plain": lambda b: cost.Job(b.create(b.image()), on_stick=True,
                                      state=b.state("unproved")),
    "stick-dd": stick_dd,
    "stick-peer": lambda b: cost.Job(b.apply(b.image()), on_stick=True),
}


def scaled(name):
    def job(b):
        image = b.scale(name)
        return cost.Job(b.create(image, size="large-target"), state=b.state("unproved"),
                        extra=sources.counts(image))
    return job


JOBS.update({f"scale-{row[0]}": scaled(row[0]) for row in FULL["scale"]})

# Not timed, but looked at with strace.
TRACED = {"traced-plain": "plain", "traced-compact": "proved", "traced-peer": "peer"}


def run(bench, name):
    """One sample of a contender; its targets are gone afterwards."""
    job = JOBS[TRACED.get(name, name)](bench)
    clear(bench)
    try:
        if name in TRACED:
            kind = "compact" if name == "traced-compact" else "plain"
            sample = traced.written(job, bench.target, bench.folder)
            sample["least"] = sources.least_bytes(bench.image())[kind]
            target = bench.target
        elif job.on_stick:
            with stick.plugged_in(bench.sizes["target"]) as target:
                sample = cost.measure(job, target, bench.folder)
        else:
            target = bench.target
            sample = cost.measure(job, target, bench.folder)
    finally:
        clear(bench)
    bench.last[name] = sample
    bench.commands[name] = [" ".join(c) for c in job.commands(target)]
    return sample


def clear(bench):
    for path in bench.folder.glob(bench.target.name + "*"):
        path.unlink()
