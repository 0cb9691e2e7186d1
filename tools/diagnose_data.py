# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads data/diagnose: what diagnose-tables, causes-doc and po share.

causes.tsv is a table with a heading; causes.txt, codes.txt and trees.txt are sections:

    [name another-name]
    field: text, which goes on
      in lines that begin with blanks

A '#' at the beginning of a line is a comment.  What is wrong in the data ends the program with
file and line.
"""
import re
import sys

import house

FOLDER = house.ROOT / "data/diagnose"


def bad(path, number, what):
    sys.exit(f"{path.relative_to(house.ROOT)}:{number}: {what}")


def table(name):
    """Rows of a .tsv as dicts, with their line in '#'; the first line that is no comment is the heading."""
    path, head, rows = FOLDER / name, None, []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        cells = line.split("\t")
        if head is None:
            head = cells
            continue
        if len(cells) != len(head):
            bad(path, number, f"{len(cells)} columns, not {len(head)}")
        rows.append({**dict(zip(head, cells)), "#": number})
    return rows


class Section:
    """A heading's names and its fields, each text on one line."""

    def __init__(self, path, number, names):
        self.path, self.number, self.names = path, number, names
        self.fields, self.at = {}, {}

    def bad(self, what, field=None):
        bad(self.path, self.at.get(field, self.number), what)

    def get(self, field, default=""):
        return self.fields.get(field, default)


def sections(name, fields):
    """The sections of a .txt; a field that is not in `fields` is a mistake."""
    path, found, field = FOLDER / name, [], None
    if not path.is_file():
        return []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("#") or not line.strip():
            continue
        if heading := re.fullmatch(r"\[([^][]+)\]\s*", line):
            found.append(Section(path, number, heading[1].split()))
            field = None
        elif not found:
            bad(path, number, "text before the first [section]")
        elif line[0] in " \t":
            if field is None:
                bad(path, number, "a line that goes on, but from nothing")
            found[-1].fields[field] += " " + line.strip()
        else:
            field, colon, text = line.partition(":")
            if not colon or field not in fields:
                bad(path, number, f"'{field}' is none of: {', '.join(fields)}")
            if field in found[-1].fields:
                bad(path, number, f"'{field}' stands twice in this section")
            found[-1].fields[field] = text.strip()
            found[-1].at[field] = number
    seen = {}
    for section in found:
        for one in section.names:
            if one in seen:
                section.bad(f"'{one}' has a section already, in line {seen[one]}")
            seen[one] = section.number
    return found


CAUSE_WORDS = ("means", "check", "mend")


def causes(words_may_miss=False):
    """All causes in the order of causes.tsv, with their words: dicts."""
    path, rows, seen = FOLDER / "causes.tsv", table("causes.tsv"), {}
    words = {s.names[0]: s for s in sections("causes.txt", CAUSE_WORDS)}
    for row in rows:
        name = row["cause"]
        if name in seen:
            bad(path, row["#"], f"'{name}' stands twice, also in line {seen[name]}")
        seen[name] = row["#"]
        if not re.fullmatch(r"[a-z0-9_]+", name):
            bad(path, row["#"], f"'{name}' is no name of a cause")
        if not row["what it means"]:
            bad(path, row["#"], f"'{name}' has no title")
        section = words.pop(name, None)
        for field in CAUSE_WORDS:
            row[field] = section.get(field) if section else ""
            if not row[field] and not words_may_miss:
                bad(path, row["#"], f"'{name}' has no '{field}' in causes.txt")
    for name, section in words.items():
        section.bad(f"causes.tsv knows no cause '{name}'")
    return rows
