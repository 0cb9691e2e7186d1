# SPDX-License-Identifier: GPL-3.0-or-later
"""What the check-* tools share: where the sources are, and how to report."""
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def files(*folders, suffixes=(".c", ".h")):
    """Source files below the folders, sorted, as paths relative to the root."""
    found = []
    for folder in folders:
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and (not suffixes or path.suffix in suffixes):
                found.append(path.relative_to(ROOT))
    return sorted(found)


def lines(path):
    return (ROOT / path).read_text(encoding="utf-8").splitlines()


def table(path):
    """Rows of a text file: words; what follows a '#' is the reason and comes last in the row."""
    rows = []
    for line in lines(path):
        words, _, reason = line.partition("#")
        if words.split():
            rows.append((*words.split(), reason.strip()))
    return rows


def report(problems, fine):
    """Ends the check: what is wrong, or in one line what was looked at."""
    for problem in problems:
        print(problem)
    print(f"{len(problems)} problems" if problems else fine)
    sys.exit(1 if problems else 0)
