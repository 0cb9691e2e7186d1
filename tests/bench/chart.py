# SPDX-License-Identifier: GPL-3.0-or-later
"""The results as a picture: one bar a number, its spread, and the wanted value as a mark."""
import math
from xml.sax.saxutils import escape

import results

# Panels from above: key, heading, least end of the axis.
PANELS = [
    ("faster", "Times as fast as the peer: more is better", 4),
    ("cost", "Cost against the least there is: less is better", 1.5),
    ("part", "Part of what is possible: more is better", 100),
]
WIDTH, LEFT, RIGHT = 1040, 490, 190       # of the picture; left and right of the bars
ROW, BAR, HEAD, GAP, MARGIN = 26, 14, 40, 22, 24
STYLE = """
  .paper { fill: #ffffff } .text { fill: #1f2328 } .soft { fill: #59636e }
  .grid { stroke: #d8dee4 } .mark { stroke: #1f2328 } .spread { stroke: #1f2328 }
  .fine { fill: #2f81c7 } .short { fill: #d9822b } .told { fill: #a3adb8 }
  text { font: 13px -apple-system, "Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif }
  .head { font-weight: 600; font-size: 15px } .small { font-size: 11px }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #0d1117 } .text { fill: #e6edf3 } .soft { fill: #9198a1 }
    .grid { stroke: #30363d } .mark { stroke: #e6edf3 } .spread { stroke: #e6edf3 }
    .fine { fill: #4493e0 } .short { fill: #e3984a } .told { fill: #5d6771 }
  }
"""


def text(x, y, words, style="text", anchor="start"):
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{style}" text-anchor="{anchor}">{escape(words)}</text>'


def line(x1, y1, x2, y2, style, width=1.0, more=""):
    return (f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{style}" '
            f'stroke-width="{width}"{more}/>')


def ticks(end):
    """Round numbers up to the end of an axis, five or so."""
    step = 10 ** math.floor(math.log10(end / 4))
    step = next(step * m for m in (1, 2, 2.5, 5, 10) if end / (step * m) <= 6)
    return [step * i for i in range(int(end / step + 1e-9) + 1)]


def bar(check, y, scale):
    """One number: what it is, a bar, its spread, the wanted value, the number."""
    middle = y + ROW / 2
    style = "told" if not check["wanted"] else "fine" if check["reached"] else "short"
    out = [text(LEFT - 10, middle + 4.5, check["text"], "text", "end"),
           f'<rect x="{LEFT}" y="{middle - BAR / 2:.1f}" rx="2" height="{BAR}" '
           f'width="{max(1, scale(check["median"]) - LEFT):.1f}" class="{style}"/>']
    if check["most"] > check["least"]:
        out.append(line(scale(check["least"]), middle, scale(check["most"]), middle, "spread", 1.5))
    if check["wanted"]:
        x = scale(float(check["wanted"].split()[1]))
        out.append(line(x, middle - BAR / 2 - 4, x, middle + BAR / 2 + 4, "mark", 2.5))
    end = WIDTH - RIGHT + 12
    out.append(text(end, middle + 4.5, results.shown(check["median"], check["unit"])))
    if check["wanted"]:
        out.append(text(WIDTH - MARGIN, middle + 4.5, results.shown_wanted(check), "soft small",
                        "end"))
    return out


def panel(heading, checks, least_end, top):
    limits = [float(c["wanted"].split()[1]) for c in checks if c["wanted"]]
    end = max([least_end, *limits, *(c["most"] for c in checks)])
    end = 100 if least_end == 100 and end <= 100 else end * 1.04
    scale = lambda value: LEFT + (WIDTH - RIGHT - LEFT) * value / end
    first = top + HEAD
    bottom = first + ROW * len(checks)
    out = [text(MARGIN, top + 22, heading, "text head")]
    unit = checks[0]["unit"]
    for tick in ticks(end):
        out.append(line(scale(tick), first - 4, scale(tick), bottom + 2, "grid"))
        words = f"{tick:g}" + (" %" if unit == "%" else "x")
        out.append(text(scale(tick), first - 8, words, "soft small", "middle"))
    for number, check in enumerate(checks):
        out += bar(check, first + ROW * number, scale)
    return out, bottom + GAP


def legend(y):
    out, x = [], MARGIN
    for style, words in [("fine", "reached"), ("short", "not reached"), ("told", "nothing wanted")]:
        out += [f'<rect x="{x}" y="{y - 10}" width="12" height="12" rx="2" class="{style}"/>',
                text(x + 18, y, words, "soft small")]
        x += 50 + 6 * len(words)
    out += [line(x + 2, y - 12, x + 2, y + 4, "mark", 2.5), text(x + 12, y, "wanted", "soft small"),
            line(x + 80, y - 4, x + 108, y - 4, "spread", 1.5),
            text(x + 116, y, "from the least to the most of the rounds", "soft small")]
    return out


def draw(checks):
    """SVG of those checks that belong into a panel."""
    out, top = [], MARGIN
    for key, heading, least_end in PANELS:
        chosen = [check for check in checks if check["panel"] == key]
        if chosen:
            lines, top = panel(heading, chosen, least_end, top)
            out += lines
    out += legend(top + 6)
    height = top + MARGIN + 6
    return "\n".join([
        '<?xml version="1.0" encoding="UTF-8"?>',
        "<!-- SPDX-License-Identifier: GPL-3.0-or-later; made by tools/bench, report -->",
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" '
        f'width="{WIDTH}" height="{height:.0f}" role="img" aria-label="benchmarks of wtg">',
        f"<style>{STYLE}</style>",
        f'<rect width="{WIDTH}" height="{height:.0f}" rx="8" class="paper"/>', *out, "</svg>", ""])
