# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and numbers of codes, from headers: mingw-w64's, libwim's and Linux'.

codes() gives rows (family, value, name), the name that people use before its aliases.
"""
import pathlib
import re
import sys

MINGW = pathlib.Path("/usr/share/mingw-w64/include")
# Header, prefix that its names have, family.  Values of 16 bits are Win32 wherever they stand.
HEADERS = [
    (MINGW / "winerror.h", "", None),
    (MINGW / "ntstatus.h", "", "nt"),
    (MINGW / "bugcodes.h", "", "bugcheck"),
    (MINGW / "setupapi.h", "ERROR_", "setupapi"),
    (MINGW / "cfg.h", "CM_PROB_", "devmgr"),
    (MINGW / "wuerror.h", "WU_", "hresult"),
    (MINGW / "bitsmsg.h", "BG_", "hresult"),
    (MINGW / "mq.h", "MQ_ERROR", "hresult"),
    (MINGW / "dismapi.h", "DISMAPI_", "hresult"),
    (MINGW / "winhttp.h", "ERROR_WINHTTP_", "win32"),
    (MINGW / "wininet.h", "ERROR_INTERNET_", "win32"),
    (pathlib.Path("/usr/include/wimlib.h"), "WIMLIB_ERR_", "wimlib"),
    (pathlib.Path("/usr/include/asm-generic/errno-base.h"), "E", "errno"),
    (pathlib.Path("/usr/include/asm-generic/errno.h"), "E", "errno"),
]
# At least so many; fewer means that a header was not understood.
LEAST = {"win32": 2000, "hresult": 1370, "nt": 1600, "setupapi": 76, "bugcheck": 150, "devmgr": 40,
         "wimlib": 75, "errno": 130}
# No codes: parts of them, limits, and what stands for "none".
NO_CODE = re.compile(r"FACILITY_|(STATUS_)?SEVERITY_|WINDOWS_NT_|.*_(BASE|MASK|LAST|FIRST|NT_BIT)$"
                     r"|CM_PROB_.*RESERVED|.*_H(_|$)|WSABASEERR|__|SEC_E_OK|DISMAPI_S")
BASES = {"WSABASEERR": 10000, "WINHTTP_ERROR_BASE": 12000, "INTERNET_ERROR_BASE": 12000,
         "APPLICATION_ERROR_MASK": 0x20000000, "ERROR_SEVERITY_ERROR": 0xC0000000}
WRAPPERS = re.compile(r"__MSABI_LONG|_HRESULT_TYPEDEF_|_NDIS_ERROR_TYPEDEF_|\((HRESULT|NTSTATUS|ULONG|DWORD)\)")


def number(text, known):
    """The value of a C expression of numbers, '+' and '|'; None for anything else."""
    text = re.sub(r"[()\s]", "", WRAPPERS.sub("", text))
    total = 0
    for part in re.split(r"[+|]", text):
        if part in known:
            value = known[part]
        elif re.fullmatch(r"(0[xX][0-9a-fA-F]+|\d+)[uUlL]*", part):
            value = int(part.rstrip("uUlL"), 0)
        else:
            return None
        total = total + value if "+" in text else total | value
    return total


def definitions(path):
    """Name and expression of every #define and of every 'NAME = number' of an enum."""
    try:
        text = path.read_text(encoding="latin-1")
    except OSError:
        sys.exit(f"{path} is missing; tools/install-packages build installs it")
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    for line in text.splitlines():
        if found := re.match(r"\s*#\s*define\s+(\w+)\s+(\S.*)", line):
            yield found[1], found[2].strip()
        elif found := re.match(r"\s*(WIMLIB_ERR_\w+)\s*=\s*(\d+)", line):
            yield found[1], found[2]


def family_of(family, expression, value):
    """winerror.h holds two families; a status may also be the stop code of a blue screen."""
    if family is None:
        return "hresult" if "HRESULT" in expression or value > 0xFFFF else "win32"
    if family == "setupapi" and value < 0xE0000000:
        return None
    if family == "bugcheck" and 0x40000000 <= value < 0xC0000000:
        return None  # texts of the screen, no codes
    return family


def codes():
    rows, seen = [], set()
    for path, prefix, family in HEADERS:
        known = dict(BASES)
        for name, expression in definitions(path):
            value = number(expression, known)
            if value is None or not 0 <= value <= 0xFFFFFFFF:
                continue
            known.setdefault(name, value)
            if not name.startswith(prefix) or NO_CODE.match(name):
                continue
            where = family_of(family, expression, value)
            if where and (where, name) not in seen:
                seen.add((where, name))
                rows.append((where, value, name))
    for family, least in LEAST.items():
        count = sum(row[0] == family for row in rows)
        if count < least:
            sys.exit(f"the headers have only {count} codes of family '{family}', not {least}")
    return rows
