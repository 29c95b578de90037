"""The pages of the docs, as far as the tests read them."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^(```|~~~).*?^\1\s*$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\[\]]*(?:\[[^\]]*\][^\[\]]*)*\]\(([^()\s]+(?:\([^()\s]*\)[^()\s]*)*)\)")


def pages() -> list[Path]:
    """Every page of this project, and none of what was built or installed."""
    found = (path for path in ROOT.rglob("*.md") if not _is_foreign(path))
    return sorted(found)


def _is_foreign(path: Path) -> bool:
    folders = path.relative_to(ROOT).parts[:-1]
    return any(name == "target" or (name.startswith(".") and name != ".github") for name in folders)


def prose(page: Path) -> str:
    """A page without what stands in its code blocks."""
    return FENCE.sub("", page.read_text())


def links(page: Path) -> list[str]:
    """Where a page's links and images lead. What only looks like one, in code, is none."""
    return [link[1] for link in LINK.finditer(re.sub(r"`[^`\n]*`", "`", prose(page)))]


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives a page's headings."""
    found: Counter[str] = Counter()
    names = set()
    for heading in re.findall(r"^#{1,6} +(.*?)\s*#*$", prose(page), re.MULTILINE):
        text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        names.add(f"{slug}-{found[slug]}" if found[slug] else slug)
        found[slug] += 1
    return names
