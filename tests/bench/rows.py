# SPDX-License-Identifier: GPL-3.0-or-later
"""What is measured and what is wanted of it, as a table.

Rows of one group run together: each contender that one of them needs runs once a round.
"""
import dataclasses
import shutil
import statistics
import subprocess

import contenders
import stick


@dataclasses.dataclass
class Check:
    """A number of a row.  `values` gives one of each round."""
    text: str
    values: callable
    unit: str         # 'x', '%', 'MB', 'MB/s', 's', 'files/s', 'times'
    wanted: str = ""  # '>= 3.3'; '': only told
    panel: str = ""   # of the chart; '': in none

    def result(self, samples):
        values = self.values(samples)
        middle = statistics.median(values)
        result = {"text": self.text, "unit": self.unit, "median": middle, "least": min(values),
                  "most": max(values), "wanted": self.wanted, "panel": self.panel}
        if self.wanted:
            how, limit = self.wanted.split()
            result["reached"] = middle >= float(limit) if how == ">=" else middle <= float(limit)
        return result


def faster(text, values, wanted=""):
    return Check(text, values, "x", wanted, "faster")


def cost(text, values, wanted=""):
    return Check(text, values, "x", wanted, "cost")


def part(text, values, wanted=""):
    return Check(text, values, "%", wanted, "part")


@dataclasses.dataclass
class Row:
    name: str
    text: str
    contenders: list
    checks: list
    group: str = ""               # default: its own
    rounds: int = None            # default: what was asked for; 1: it is the same each time
    once: list = dataclasses.field(default_factory=list)  # contenders of the first round only
    programs: list = dataclasses.field(default_factory=list)
    missing: callable = lambda bench: None  # why it cannot be measured here
    note: str = ""                # what is weaker than it could be

    def why_not(self, bench):
        for program in self.programs:
            if not shutil.which(program):
                return f"'{program}' is not installed"
        return self.missing(bench)


# Numbers out of samples: functions from samples (contender: list, one of each round).

def field(name, contender, scale=1.0):
    return lambda s: [sample[name] * scale for sample in s[contender]]


def ratio(name, over, under, under_name=None):
    return lambda s: [a[name] / b[under_name or name] for a, b in zip(s[over], s[under])]


def excess(contender):
    return lambda s: [sample["bytes"] / sample["least"] for sample in s[contender]]


def share(name, contender):
    return lambda s: [100 * sample[name] / sample["bytes"] for sample in s[contender]]


def rate(name, contender, scale=1e-6):
    return lambda s: [sample[name] / sample["wall"] * scale for sample in s[contender]]


def share_of_rate(ours):
    return lambda s: [100 * (a["written"] / a["wall"]) / (b["written"] / b["wall"])
                      for a, b in zip(s[ours], s["stick-dd"])]


def proof_to_read(s):
    return [p["verify_s"] / r["wall"] for p, r in zip(s["proof"], s["proof-dd"])]


def write_and_read(s):
    return [p["wall"] / (w["wall"] + r["wall"]) for p, w, r
            in zip(s["write-proof"], s["write-dd"], s["write-dd-read"])]


SCALE = {name: f"{files:,} files, {size / 1e9:.1f} GB"
         for name, files, size in contenders.FULL["scale"]}


def evenness(name):
    """The lowest rate across the sizes as a part of the highest."""
    def values(s):
        rounds = zip(*(s[f"scale-{size}"] for size in SCALE))
        rates = [[sample[name] / sample["wall"] for sample in each] for each in rounds]
        return [100 * min(each) / max(each) for each in rates]
    return values


def no_many_targets(bench):
    text = subprocess.run([bench.wtg, "create", "--help"], capture_output=True, text=True).stdout
    return None if "TARGET..." in text.splitlines()[0] else \
        "'wtg create' takes one target so far"


NTFS = ["mkntfs", "wimlib-imagex"]
PEER = "mkntfs + wimlib apply"
WHICH_ESD = "the ESD holds {esd} GB of files (compressing 8 GB as LZMS takes most of an hour)"

ROWS = [
    Row("plain", "create, plain files, LZX source: against mkntfs -Q + wimlib-imagex apply",
        ["peer", "plain", "decode"], [
            faster(f"plain create against {PEER}", ratio("wall", "peer", "plain"), ">= 3.3"),
            cost("plain create: CPU against decoding + SHA-1 alone",
                 ratio("cpu", "plain", "decode", "decode_cpu"), "<= 1.2"),
        ], group="create", programs=NTFS),
    Row("compact", "create, compact files, content checked: against the same peer",
        ["peer", "compact", "decode"], [
            faster(f"compact create, content checked, against {PEER}",
                   ratio("wall", "peer", "compact"), ">= 3.5"),
            cost("compact create, content checked: CPU against decoding + SHA-1 alone",
                 ratio("cpu", "compact", "decode", "decode_cpu"), "<= 1.1"),
        ], group="create", programs=NTFS),
    Row("proved", "create, compact files, the image proved before: against the same peer",
        ["peer", "proved", "hashed", "sha256sum"], [
            faster(f"compact create of a proved image against {PEER}",
                   ratio("wall", "peer", "proved"), ">= 10"),
            faster("the same with hashing the image first", ratio("wall", "peer", "hashed")),
            Check("sha256sum of the image", field("wall", "sha256sum"), "s"),
        ], group="create", programs=NTFS,
        note="a proved image: the record of an earlier '--sha256' is there, so hashing is not in "
             "the time; the line below it has it in"),
    Row("dd", "the same, and plain create, against dd of as many bytes",
        ["plain", "dd-plain", "proved", "dd"], [
            cost("compact create of a proved image: time against dd of as many bytes",
                 ratio("wall", "proved", "dd"), "<= 1.25"),
            cost("plain create: time against dd of as many bytes",
                 ratio("wall", "plain", "dd-plain")),
            Check("dd: rate of the target", rate("written", "dd"), "MB/s"),
        ], group="create", note="dd copies zeroes here, so it reads no source"),
    Row("bytes", "bytes written, sizes of writes and their order, by strace",
        ["traced-plain", "traced-compact", "traced-peer"], [
            cost("plain: bytes written against file data in clusters",
                 excess("traced-plain"), "<= 1.06"),
            cost("compact: bytes written against compressed bytes in clusters",
                 excess("traced-compact"), "<= 1.10"),
            cost(f"{PEER}: bytes written against file data in clusters", excess("traced-peer")),
            part("plain: bytes in writes of 1 MiB or more", share("large", "traced-plain"),
                 ">= 98"),
            part("compact: bytes in writes of 1 MiB or more", share("large", "traced-compact"),
                 ">= 98"),
            part(f"{PEER}: bytes in writes of 1 MiB or more", share("large", "traced-peer")),
            part("plain: bytes written in rising order", share("rising", "traced-plain"), ">= 98"),
            part("compact: bytes written in rising order", share("rising", "traced-compact"),
                 ">= 98"),
            part(f"{PEER}: bytes written in rising order", share("rising", "traced-peer")),
            Check("plain: times that the offset went back", field("turns", "traced-plain"),
                  "times"),
            Check(f"{PEER}: times that the offset went back", field("turns", "traced-peer"),
                  "times"),
        ], rounds=1, programs=[*NTFS, "strace"],
        note="strace cannot see io_uring, so while writes are counted it takes it away "
             "(io_uring_setup fails), and the same writes come as pwrite64"),
    Row("esd", "create, plain files, ESD source: decoded MB/s against wimlib-imagex apply",
        ["esd-peer", "esd"], [
            faster(f"ESD source: decoded MB/s against {PEER}", ratio("wall", "esd-peer", "esd"),
                   ">= 1.8"),
            Check("ESD source: decoded", rate("content", "esd"), "MB/s"),
        ], programs=NTFS, note=WHICH_ESD),
    Row("verify", "image verify, LZX source, against wimlib-imagex verify",
        ["verify-peer", "verify"], [
            faster("image verify against wimlib-imagex verify",
                   ratio("wall", "verify-peer", "verify"), ">= 1.8"),
        ], programs=["wimlib-imagex"]),
    Row("proof", "reading back against dd reading as much",
        ["proof", "proof-dd"], [
            cost("read-back proof: time against dd reading as much", proof_to_read, "<= 1.1"),
        ]),
    Row("write", "wtg write of a raw image against dd; bmaptool beside it",
        ["write-dd", "write", "write-dd-read", "write-proof", "bmaptool"], [
            cost("wtg write: time against dd", ratio("wall", "write", "write-dd"), "<= 1.03"),
            cost("wtg write with proof: time against dd writing + dd reading", write_and_read,
                 "<= 1.05"),
            cost("bmaptool: time against dd", ratio("wall", "bmaptool", "write-dd")),
        ], programs=["bmaptool"],
        note="the raw image has no holes, so bmaptool ('--nobmap') copies all, as the others"),
    Row("fetch", "wtg fetch over loopback against curl and aria2c",
        ["fetch", "fetch-curl", "fetch-aria2c"], [
            faster("wtg fetch against the faster of curl and aria2c",
                   lambda s: [min(c["wall"], a["wall"]) / f["wall"] for f, c, a
                              in zip(s["fetch"], s["fetch-curl"], s["fetch-aria2c"])], ">= 0.95"),
            faster("wtg fetch against curl: CPU", ratio("cpu", "fetch-curl", "fetch")),
            faster("wtg fetch against aria2c: CPU", ratio("cpu", "fetch-aria2c", "fetch")),
        ], programs=["curl", "aria2c"],
        note="until everything is on the medium, for all three"),
    Row("multi", "create onto four targets at once against one: CPU",
        ["plain", "four"], [
            cost("four targets at once: CPU against one", ratio("cpu", "four", "plain"), "<= 1.3"),
            Check("four targets at once: time against one", ratio("wall", "four", "plain"), "x"),
        ], missing=no_many_targets,
        note="four targets are four image files on one disk: the time is that of one disk"),
    Row("memory", "the most memory held at once",
        ["plain", "esd-memory"], [
            Check("peak memory: 60,000 files, LZX", field("peak", "plain", 1e-6), "MB", "<= 400"),
            Check("peak memory: ESD with --memory 512M", field("peak", "esd-memory", 1e-6), "MB",
                  f"<= {512 * 1.048576:.0f}"),
        ], rounds=1, note=WHICH_ESD),
    Row("stick", "a stick of 100 MB/s and 1 ms per request: part of its rate; the peer beside it",
        ["stick-compact", "stick-dd", "stick-proved", "stick-plain", "stick-peer"], [
            part("slow stick, plain: part of dd's rate", share_of_rate("stick-plain"), ">= 95"),
            part("slow stick, compact, content checked: part of dd's rate",
                 share_of_rate("stick-compact"), ">= 95"),
            part("slow stick, compact, proved image: part of dd's rate",
                 share_of_rate("stick-proved")),
            cost("slow stick: time of compact against plain",
                 ratio("wall", "stick-compact", "stick-plain"), "<= 0.5"),
            faster(f"slow stick: plain create against {PEER}",
                   ratio("wall", "stick-peer", "stick-plain")),
            faster(f"slow stick: compact create against {PEER}",
                   ratio("wall", "stick-peer", "stick-compact")),
            Check("slow stick: dd", rate("written", "stick-dd"), "MB/s"),
        ], once=["stick-peer"], programs=[*NTFS, "nbdkit", "nbdfuse"],
        missing=lambda bench: stick.missing(),
        note="the slow stick takes CPU from the program: nbdkit runs on the same cores; the peer "
             "runs onto it in the first round only"),
    Row("scale", "create of 15k to 240k files, 0.6 to 9 GB: does the rate stay",
        [f"scale-{size}" for size in SCALE], [
            part("15k to 240k files, 0.6 to 9 GB: lowest MB/s of the highest",
                 evenness("content"), ">= 85"),
            part("15k to 240k files, 0.6 to 9 GB: lowest files/s of the highest",
                 evenness("files"), ">= 85"),
            *(Check(f"plain create, {text}", rate(what, f"scale-{size}", scale), unit)
              for what, scale, unit in [("content", 1e-6, "MB/s"), ("files", 1, "files/s")]
              for size, text in SCALE.items()),
        ], note="work that grows: all files are of one kind, so that files and bytes grow alike"),
]
BY_NAME = {row.name: row for row in ROWS}

# For estimates, on two cores and a fast disk: seconds that a contender's run takes, and minutes that
# making its source takes the first time.
SECONDS = {
    "peer": 25, "plain": 8, "compact": 8, "proved": 3, "hashed": 5, "sha256sum": 3, "decode": 8, "verify": 7, "verify-peer": 16,
    "dd": 1, "dd-plain": 2, "esd-peer": 15, "esd": 9, "esd-memory": 9, "proof": 12, "proof-dd": 4,
    "write": 4, "write-proof": 7, "write-dd": 4, "write-dd-read": 7, "bmaptool": 9, "four": 20,
    "fetch": 5, "fetch-curl": 5, "fetch-aria2c": 6,
    "stick-compact": 16, "stick-dd": 15, "stick-proved": 16, "stick-plain": 34, "stick-peer": 70,
    "traced-plain": 10, "traced-compact": 5, "traced-peer": 60,
    "scale-15k": 2, "scale-1GB": 3, "scale-60k": 6, "scale-3GB": 8, "scale-240k-9GB": 23,
}
MAKING = {"big.wim": 6, "solid-1GB.esd": 7, "raw.img": 0.5, "scale-240k-9GB.wim": 8}


def groups(rows):
    """Lists of rows that run together, in the order of the table."""
    found = {}
    for row in rows:
        found.setdefault(row.group or row.name, []).append(row)
    return list(found.values())


def in_turn(rows, number=0):
    """The contenders of a round, each once, in the order of the table."""
    return list(dict.fromkeys(name for row in rows for name in row.contenders
                              if number == 0 or name not in row.once))


def rounds_of(rows, wanted):
    return min(wanted, max(row.rounds or wanted for row in rows))


def minutes(rows, rounds):
    """How long so many rounds of the full size take, once the sources are there."""
    return sum(SECONDS[name] for number in range(rounds_of(rows, rounds))
               for name in in_turn(rows, number)) / 60
