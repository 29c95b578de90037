"""The README's picture: a part of what the demo prints, drawn as a terminal."""

from __future__ import annotations

import re
from html import escape

COLUMN, LINE, MARGIN = 7.8, 18, 18
COLOURS = {"": "#d1d7e0", "bold": "#ffffff", "dim": "#8b949e", "good": "#3fb950", "changed": "#d29922"}


def draw(said: list[str]) -> str:
    """An SVG of the end of a stop, the account after it, and the comparison after the start."""
    lines = _chosen(said)
    width = max(map(len, lines)) * COLUMN + 2 * MARGIN
    height = len(lines) * LINE + 2 * MARGIN
    drawn = [_drawn(line, MARGIN + LINE * number + 13) for number, line in enumerate(lines) if line]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" '
            f'width="{width:.0f}" height="{height}" font-size="13" '
            "font-family=\"ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace\">",
            "<title>make demo</title>",
            '<rect width="100%" height="100%" rx="8" fill="#0d1117"/>',
            *drawn,
            "</svg>\n",
        ]
    )


def _chosen(said: list[str]) -> list[str]:
    """Nothing that another run says otherwise: no times, no ids, no dates."""
    stop = _from(said, "━━ Stop: the evening")
    mail = _from(stop, "  │ Subject: ")
    mail = mail[: next(number for number, line in enumerate(mail) if line.startswith("  │ CloudWatch alarms"))]
    # Without the notes on single resources, which are longer than the picture is wide.
    mail = [line for line in mail if not line.startswith(("  │     ", "  │ - Prices: "))]
    account = _from(stop, "The account as AWS's own APIs show it now:")
    account = account[: next(number for number, line in enumerate(account) if line.startswith("━━"))]
    end = _from(said, "━━ The account, compared")
    heading = [line for line in stop[:10] if line.startswith(("━━", "event", "outcome"))]
    return [heading[0], "", *heading[1:], "", *mail, "  │ …", "", *account, *end[: len(end) - end[::-1].index("") - 1]]


def _from(lines: list[str], beginning: str) -> list[str]:
    return lines[next(number for number, line in enumerate(lines) if line.startswith(beginning)) :]


def _drawn(line: str, y: int) -> str:
    parts = [(line, "bold" if line.startswith("━━") or "Subject:" in line else "")]
    if match := re.match(r"(event|outcome)(.*?)(succeeded)?(:.*)?$", line):
        parts = list(zip(match.groups(""), ["dim", "", "good", ""], strict=True))
    elif line.startswith("Identical"):
        parts = [(line, "good")]
    elif line.endswith("  changed"):
        parts = [(line.removesuffix("changed"), ""), ("changed", "changed")]
    column, drawn = 0, []
    for text, colour in parts:
        weight = ' font-weight="bold"' if colour == "bold" else ""
        # Each cell of a table is a text of its own, so that columns line up in whatever font.
        for cell in re.finditer(r"\S+( \S+)*", text):
            drawn.append(
                f'<text x="{MARGIN + COLUMN * (column + cell.start()):.1f}" y="{y}" '
                f'textLength="{len(cell[0]) * COLUMN:.1f}" fill="{COLOURS[colour]}"{weight}>'
                f"{escape(cell[0], quote=False)}</text>"
            )
        column += len(text)
    return "".join(drawn)
