# SPDX-License-Identifier: GPL-3.0-or-later
"""build/bench/results.json: what was measured, row by row.  Each run replaces its own rows."""
import json
import time

import machine


def load(path):
    return json.loads(path.read_text()) if path.is_file() else {"rows": {}}


def save(path, results):
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(results, indent=1) + "\n")
    part.rename(path)


def merge(path, root, bench, row, samples, quick):
    """Puts a row's numbers in, as far as its rounds have come."""
    own = {name: samples[name] for name in row.contenders}
    results = load(path)
    checks = [check.result(own) for check in row.checks]
    results["rows"][row.name] = {
        "text": row.text, "date": time.strftime("%Y-%m-%d %H:%M"), "checks": checks,
        "rounds": max(map(len, own.values())), "quick": quick,
        "folder": str(bench.folder),
        "note": row.note.format(esd=f"{bench.sizes['esd']['bytes'] / 1e9:g}"),
        "commands": {name: bench.commands[name] for name in row.contenders},
        "machine": machine.facts(root, bench.folder, bench.wtg), "samples": own,
    }
    save(path, results)
    return checks


def merge_missing(path, row, why):
    """A row that cannot be measured here; an older measurement of it stays."""
    results = load(path)
    if "checks" not in results["rows"].get(row.name, {}):
        results["rows"][row.name] = {"text": row.text, "missing": why}
        save(path, results)


def shown(value, unit):
    """A number as people read it."""
    if unit == "times":
        return f"{value:.0f}"
    if unit == "%":
        return f"{value:.1f} %"
    digits = 0 if value >= 100 else 1 if value >= 10 else 3 if value < 2 else 2
    return f"{value:,.{digits}f}" + ("x" if unit == "x" else f" {unit}")


def shown_wanted(check):
    if not check["wanted"]:
        return ""
    how, limit = check["wanted"].split()
    unit = check["unit"]
    words = {">=": "at least", "<=": "at most"}[how]
    return f"{words} {limit}" + ("x" if unit == "x" else f" {unit}")


def verdict(check):
    return "" if not check["wanted"] else "reached" if check["reached"] else "not reached"
