#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random schedules of faults: always the right bytes or a clear failure.

    schedules.py WTG [ROUNDS [SEED]]        environment: ROUNDS, SEED

Each round orders a server (server.py) to misbehave at random, from one to three mirrors, kills wtg at
random, and lets it resume.  Afterwards the file is one that the server had, whole, and with a checksum
the one that was meant; or wtg failed, said why, and nothing has the final name.  Where no answer was
worthless as a whole (a server that ignores ranges, a file that changed), what was sent twice is at
most 2 % of the file and 1 MiB a break; a kill breaks every connection.  A round can be repeated: its number and SEED say everything.
"""
import collections
import concurrent.futures
import hashlib
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import server  # noqa: E402

SIZES = [1, 65536, 1 << 20, 3 << 20, 4 << 20, (4 << 20) + 1, 9_000_001, 20_000_000]
# Order, and whether it makes what was sent worthless.
KINDS = [("cut", 8), ("reset", 4), ("shift", 1), ("total", 1), ("ignore", 1), ("part", 2), ("503", 2),
         ("429", 2), ("500", 1), ("date", 1), ("change", 1), ("grow", 1), ("long", 1), ("less", 1),
         ("slow", 1), ("hang", 1), ("loop", 1), ("gzip", 1), ("chunked", 1), ("chunkcut", 1),
         ("garbage", 2), ("empty", 3), ("bare", 2), ("404", 1)]
WORTHLESS = {"ignore", "change", "grow", "gzip", "chunked", "chunkcut", "total", "long", "less", "shift"}


def order(rnd, kind, size):
    if kind in ("cut", "reset", "part", "chunkcut"):
        top = max(2, min(size, 6 << 20))
        return f"{kind}:{rnd.choice([0, 1, rnd.randrange(top), rnd.randrange(top), rnd.randrange(top)])}" \
            if kind != "part" else f"part:{rnd.randrange(1, top)}"
    if kind in ("shift", "total", "long", "less"):
        return f"{kind}:{rnd.choice([1, 7, 4096, 100_000])}"
    if kind in ("503", "429"):
        return kind + rnd.choice(["", ":0", ":1"])
    if kind == "date":
        return "date:1"
    return kind


class Round:
    def __init__(self, web, port, wtg, folder, seed, number):
        self.rnd = rnd = random.Random(f"{seed}/{number}")
        self.web, self.wtg, self.folder, self.number = web, wtg, folder, number
        self.size = rnd.choice(SIZES)
        self.group = f"g{number}"
        kinds, weights = zip(*KINDS)
        self.orders = []
        for _ in range(rnd.choice([1, 1, 1, 2, 3])):
            n = rnd.choice([0, 1, 2, 3, 5, 8])
            self.orders.append([order(rnd, k, self.size) for k in rnd.choices(kinds, weights, k=n)])
        self.urls = [f"http://127.0.0.1:{port}/o/" + ";".join([f"{self.group}.{i}", *o]) + f"/{self.size}.bin"
                     for i, o in enumerate(self.orders)]
        verbs = {o.split(":")[0] for orders in self.orders for o in orders}
        self.counts = not verbs & WORTHLESS
        self.connections = rnd.choice([1, 2, 4, 8])
        self.kills = rnd.choice([0, 0, 1, 1, 2, 4])
        self.proof = rnd.random() < 0.6
        # Nobody can see that a file changes of which nothing is told.
        self.proof |= "bare" in verbs and bool(verbs & {"change", "grow"})

    def versions(self):
        g = self.web.store.group(self.group)
        return [(v, l) for v in range(g.version + 1) for l in range(g.longer + 1)]

    def digest(self, version):
        data = self.web.store.bytes_of(f"{self.size}.bin", *version)
        return hashlib.sha256(data).hexdigest()

    def command(self):
        c = [self.wtg, "fetch", *self.urls, "--output", "got", "--stall-time", "1", "--tries", "6", "--json",
             "--connections", str(self.connections)]
        if self.proof:
            c += ["--sha256", self.digest((0, 0))]
        return c

    def run(self):
        """None, or what is wrong."""
        command, code, out = self.command(), None, ""
        for left in range(self.kills, -1, -1):
            process = subprocess.Popen(command, cwd=self.folder, stdin=subprocess.DEVNULL,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            try:
                out, errors = process.communicate(
                    timeout=self.rnd.choice([0.02, 0.05, 0.1, 0.2, 0.4]) if left else 120)
                code = process.returncode
                break
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                out, errors = process.communicate()
                if not left:
                    return "it did not end in 120 s"
        else:
            return "killed to the last"
        return self.judge(code, out, errors)

    def judge(self, code, out, errors):
        final = self.folder / "got"
        self.code = code
        self.killed = 0
        if code not in (0, 1, 3, 4):
            return f"exit code {code}: {errors[-2000:]}"
        if code != 0:
            events = [json.loads(line) for line in out.splitlines()]
            said = [e for e in events if e["event"] == "error" and e["text"] and e["number"] != 1009]
            if not said:
                return "it failed and did not say why: " + errors[-1000:]
            if said[-1]["code"] == "EXISTS" and final.exists() and not self.proof:
                return None  # done by the run that was killed last
            return "it failed, and the final name exists" if final.exists() else None
        data = final.read_bytes()
        got = hashlib.sha256(data).hexdigest()
        if self.proof and got != self.digest((0, 0)):
            return "another file than the checksum says, and no error"
        if got not in [self.digest(v) for v in self.versions()]:
            return "a file that the server never had"
        left = sorted(p.name for p in self.folder.iterdir() if p.name != "got")
        if left:
            return f"left behind: {left}"
        return self.too_much(len(data))

    def too_much(self, size):
        g = self.web.store.group(self.group)
        allowed = size + size * 0.02 + (1 << 20) * (g.breaks + self.kills * self.connections)
        if self.counts and g.sent > allowed:
            return f"{g.sent} bytes sent for {size}, {g.breaks} breaks, {self.kills} kills"
        return None


def main():
    wtg = os.path.abspath(sys.argv[1])
    rounds = int(sys.argv[2] if len(sys.argv) > 2 else os.environ.get("ROUNDS", 60))
    seed = sys.argv[3] if len(sys.argv) > 3 else os.environ.get("SEED", "wtg")
    only = os.environ.get("ONLY")
    top = pathlib.Path(tempfile.mkdtemp(prefix="wtg-schedules-"))
    files = top / "files"
    files.mkdir()
    for size in SIZES:
        (files / f"{size}.bin").write_bytes(random.Random(size).randbytes(size))
    web = server.Server(files)
    port = web.start()
    began, counts = time.monotonic(), collections.Counter()

    def play(number):
        folder = top / f"round{number}"
        folder.mkdir()
        one = Round(web, port, wtg, folder, seed, number)
        wrong = one.run()
        if wrong:
            print(f"not ok - round {number} of seed '{seed}': {wrong}\n#   {one.size} bytes, "
                  f"{one.kills} kills, {' '.join(one.command())}", flush=True)
        counts["bad" if wrong else "done" if one.code == 0 else "refused"] += 1
        shutil.rmtree(folder)

    # Rounds mostly wait: for retries, for connections that hang.
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for _ in pool.map(play, [int(only)] if only else range(rounds)):
            pass
    web.stopping = True
    shutil.rmtree(top)
    seconds = time.monotonic() - began
    if not counts["bad"]:
        print(f"ok - {rounds} schedules of faults: {counts['done']} times the right bytes, "
              f"{counts['refused']} clear failures, in {seconds:.0f} s")
    sys.exit(1 if counts["bad"] else 0)


main()
