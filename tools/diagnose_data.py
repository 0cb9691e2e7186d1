# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads data/diagnose: what diagnose-tables, causes-doc and po share.

causes.tsv and code-parts.tsv are tables with a heading; causes.txt, codes.txt and trees.txt are
sections:

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


def causes():
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
            if not row[field]:
                bad(path, row["#"], f"'{name}' has no '{field}' in causes.txt")
    for name, section in words.items():
        section.bad(f"causes.tsv knows no cause '{name}'")
    return rows


# The order is that of enum code_family.
FAMILIES = ("boot", "hresult", "nt", "win32", "setupapi", "setup", "bugcheck", "devmgr", "wimlib", "errno",
            "rufus", "curl", "aria2", "gpg", "download")
DECIMAL = {"win32", "devmgr", "wimlib", "errno", "curl", "aria2", "gpg"}
CODE_FIELDS = ("name", "says", "causes", "check", "mend", "tree")


def key(section, text):
    """'setup:0xC1900101-0x20017' as (family, value, extend); extend None for none."""
    family, _, code = text.partition(":")
    found = re.fullmatch(r"(0x[0-9A-F]{1,8}|\d{1,10})(?:-(0x[0-9A-F]{5}|\d{6}))?", code)
    if family not in FAMILIES or not found:
        section.bad(f"'{text}' is no code; wanted FAMILY:0x1234ABCD or FAMILY:1234, of {', '.join(FAMILIES)}")
    return family, int(found[1], 0), int(found[2], 0) if found[2] else None


def spell(one):
    """As code_spell() does."""
    family, value, extend = one
    if family == "download":
        return f"{value}-{extend:06d}"
    if family in DECIMAL:
        return str(value)
    if family == "boot":
        return f"0x{value:08x}"
    if family == "bugcheck":
        return f"0x{value:X}"
    return f"0x{value:08X}" + (f"-0x{extend:05X}" if extend is not None else "")


def slug(one):
    family = one[0]
    plain = spell(one).lower()
    return plain if family in ("hresult", "nt", "setupapi", "setup", "download") else f"{family}-{plain}"


def codes(cause_names, tree_slugs):
    """The codes that have words: sections with keys, slug and causes."""
    found, seen, slugs = sections("codes.txt", CODE_FIELDS), set(), set()
    for section in found:
        section.keys = [key(section, name) for name in section.names]
        for one in section.keys:
            if one in seen:
                section.bad(f"'{spell(one)}' stands twice")
            seen.add(one)
        section.slug = slug(section.keys[0])
        if section.slug in slugs:
            section.bad(f"another page has the name '{section.slug}'")
        slugs.add(section.slug)
        if not section.get("says"):
            section.bad("no 'says'")
        section.causes = section.get("causes").split()
        for name in section.causes:
            if name not in cause_names:
                section.bad(f"causes.tsv knows no cause '{name}'", "causes")
        if len(set(section.causes)) != len(section.causes):
            section.bad("a cause stands twice", "causes")
        if not section.causes and not (section.get("check") and section.get("mend")):
            section.bad("without causes it needs 'check' and 'mend'")
        if section.get("tree") and section.get("tree") not in tree_slugs:
            section.bad(f"trees.txt knows no tree '{section.get('tree')}'", "tree")
    for section in found:  # an HRESULT that wraps a Windows error speaks for that too
        for family, value, extend in list(section.keys):
            if family == "hresult" and value >> 16 == 0x8007 and ("win32", value & 0xFFFF, None) not in seen:
                section.keys.append(("win32", value & 0xFFFF, None))
                seen.add(section.keys[-1])
    return found


TREE_FIELDS = ("title", "ask", "how", "yes", "no", "say", "causes")


def trees(cause_names):
    """Decision trees: [slug] has a title, [slug.node] a question, or what to do; in order of the file,
    a node leads to later ones only.  List of (slug, title, section, [node sections])."""
    found = []
    for section in sections("trees.txt", TREE_FIELDS):
        name = section.names[0]
        if "." not in name:
            if not section.get("title"):
                section.bad("no 'title'")
            found.append((name, section.get("title"), section, []))
            continue
        if not found or not name.startswith(found[-1][0] + "."):
            section.bad("stands behind another tree")
        found[-1][3].append(section)
        section.causes = section.get("causes").split()
        question = all(section.get(f) for f in ("ask", "how", "yes", "no"))
        if question == bool(section.get("say")):
            section.bad("wants 'ask', 'how', 'yes' and 'no', or 'say' with 'causes'")
        for cause in section.causes:
            if cause not in cause_names:
                section.bad(f"causes.tsv knows no cause '{cause}'", "causes")
    for tree, _, head, nodes in found:
        if not nodes or not nodes[0].get("ask"):
            head.bad("a tree begins with a question")
        place = {n.names[0].split(".", 1)[1]: i for i, n in enumerate(nodes)}
        reached = {0}
        for i, node in enumerate(nodes):
            node.next = {}
            if i not in reached:
                node.bad("no answer leads here from above")
            for answer in ("yes", "no"):
                if target := node.get(answer):
                    if place.get(target, 0) <= i:
                        node.bad(f"'{target}' is no later node of this tree", answer)
                    node.next[answer] = place[target]
                    reached.add(place[target])
    return found


PART_KINDS = ("severity", "facility", "nt-facility", "phase", "operation")


def parts():
    """Names and words of facilities, phases and operations: rows with 'kind', 'number', 'name', 'text'."""
    path, rows, seen = FOLDER / "code-parts.tsv", table("code-parts.tsv"), set()
    for row in rows:
        row["number"] = int(row["value"], 0)
        if row["kind"] not in PART_KINDS or (row["kind"], row["number"]) in seen:
            bad(path, row["#"], f"'{row['kind']}' {row['value']} is unknown or stands twice")
        seen.add((row["kind"], row["number"]))
    return rows


class All:
    """Everything, checked against each other."""

    def __init__(self):
        self.causes = causes()
        names = {row["cause"] for row in self.causes}
        self.trees = trees(names)
        self.codes = codes(names, {tree[0] for tree in self.trees})
        self.parts = parts()
