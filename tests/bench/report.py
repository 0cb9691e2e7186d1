# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/benchmarks.md and docs/benchmarks.svg out of the results."""
import statistics

import chart
import results
import rows
import stick

HEAD = """# Benchmarks

Measured side by side with `make bench`: in each round every contender runs once, in turn, from an empty target until everything
is on the medium (final sync included). A number is the median of its rounds, with the least and the most beside it. The peers
are Debian's own packages. `--no-verify` is given where the peer does not read back either.

![Every ratio as a bar](benchmarks.svg)
"""


def table(head, lines):
    """Markdown; nothing when there are no lines."""
    if not lines:
        return ""
    return "\n".join(["| " + " | ".join(head) + " |", "|" + "---|" * len(head),
                      *("| " + " | ".join(line) + " |" for line in lines)]) + "\n"


def spread(check, rounds):
    if rounds == 1:
        return "one round"
    return " to ".join(results.shown(check[key], check["unit"]) for key in ("least", "most"))


def numbers(measured):
    lines = []
    for row in measured:
        for check in row["checks"]:
            word = results.verdict(check)
            lines.append([check["text"], f"**{results.shown(check['median'], check['unit'])}**",
                          spread(check, row["rounds"]), results.shown_wanted(check),
                          f"**{word}**" if word == "not reached" else word])
    return table(["what", "median", "spread", "wanted", ""], lines)


def by_contender(measured, key):
    """What rows tell of their contenders; each once, from the row measured last."""
    found = {}
    for row in sorted(measured, key=lambda row: row["date"]):
        found.update(row[key])
    order = [name for row in rows.ROWS for name in row.contenders]
    return {name: found[name] for name in dict.fromkeys(order) if name in found}


def costs(measured):
    lines = []
    for name, samples in by_contender(measured, "samples").items():
        if "wall" not in samples[0]:
            continue
        middle = lambda key: statistics.median(sample[key] for sample in samples)
        walls = [sample["wall"] for sample in samples]
        lines.append([f"`{name}`", f"{middle('wall'):.2f}", f"{min(walls):.2f} to {max(walls):.2f}",
                      f"{middle('cpu'):.2f}",
                      f"{middle('peak') / 1e6:.0f}" if middle("peak") else "little"])
    return table(["contender", "seconds", "spread", "CPU s", "peak MB"], lines)


def commands(measured, places):
    lines = []
    for name, group in by_contender(measured, "commands").items():
        for command in group:
            for place in places:
                command = command.replace(place, "")
            lines.append(f"{name:<16}{command}")
            name = ""
    return "\n".join(lines)


def machines(measured):
    """Facts, and where rows differ in one, whose is which."""
    lines = []
    for fact in measured[0]["machine"]:
        known = {}
        for name, row in zip((row["name"] for row in measured), measured):
            known.setdefault(row["machine"][fact], []).append(name)
        whole = len(known) == 1
        lines.append([fact, "; ".join(value if whole else f"{value} ({', '.join(names)})"
                                      for value, names in known.items())])
    dates = sorted(row["date"] for row in measured)
    lines.append(["measured", dates[0] if dates[0] == dates[-1] else f"{dates[0]} to {dates[-1]}"])
    return table(["", ""], lines)


def weaker(measured, unmeasured):
    lines = [f"{check['text']}: {results.shown(check['median'], check['unit'])}, wanted was "
             f"{results.shown_wanted(check)}" for row in measured for check in row["checks"]
             if results.verdict(check) == "not reached"]
    lines += [f"not measured: {row.text} ({why})" for row, why in unmeasured]
    lines += list(dict.fromkeys(row["note"] for row in measured if row["note"]))
    if any(row["quick"] for row in measured):
        lines.insert(0, "**This was a run with `--quick`: the images were tiny, and the numbers mean nothing**")
    return "\n".join(f"- {line}" for line in lines)


def write(path, docs, root):
    known = results.load(path)["rows"]
    measured = [{"name": row.name, **known[row.name]} for row in rows.ROWS
                if "checks" in known.get(row.name, {})]
    unmeasured = [(row, known.get(row.name, {}).get("missing", "not run yet")) for row in rows.ROWS
                  if "checks" not in known.get(row.name, {})]
    if not measured:
        print(f"nothing has been measured: {path}")
        return 1
    places = [f"{measured[0].get('folder', '')}/", f"{root}/"]
    page = "\n".join([
        HEAD, numbers(measured),
        "## Seconds\n", costs(measured),
        "## Where and with what\n", machines(measured),
        "## Commands\n",
        "`tools/bench` runs them; `tools/bench --list` shows the rows. `big.wim` holds 60,000 files of 3 GB, captured from `/usr` "
        "with `wimlib-imagex capture --compress=LZX`.\n",
        "```\n" + commands(measured, places) + "\n```\n",
        f"The slow stick, here `/dev/loop1`: `{' '.join(stick.command('stick', '12G'))}`, then `losetup --find --show "
        "--direct-io=on stick`. With `traced-` it is run under `strace -f -y -e inject=io_uring_setup:error=ENOSYS`.\n",
        "## What is weaker\n", weaker(measured, unmeasured), ""])
    docs.mkdir(parents=True, exist_ok=True)
    (docs / "benchmarks.md").write_text(page)
    (docs / "benchmarks.svg").write_text(
        chart.draw([check for row in measured for check in row["checks"]]))
    print(f"written: {docs / 'benchmarks.md'}, {docs / 'benchmarks.svg'}")
    return 0
