"""What the demo prints. Colours only on a terminal; the words are the same everywhere."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")
COLOURED = sys.stdout.isatty() and "NO_COLOR" not in os.environ
SECONDS_PER_DOT = 0.5
SAID: list[str] = []
"""What was printed, line by line and without colours."""


def _coloured(code: str, text: str) -> str:
    return f"\033[{code}m{text}\033[0m" if COLOURED else text


def bold(text: str) -> str:
    return _coloured("1", text)


def dim(text: str) -> str:
    return _coloured("2", text)


def good(text: str) -> str:
    return _coloured("32", text)


def bad(text: str) -> str:
    return _coloured("31;1", text)


def say(text: str = "") -> None:
    SAID.extend(re.sub("\033\\[[0-9;]*m", "", text).split("\n"))
    print(text, flush=True)


def heading(text: str) -> None:
    say(f"{bold(f'━━ {text} '.ljust(100, '━'))}\n")


def event(value: Any) -> None:
    say(f"{dim('event')}    {json.dumps(value)}")


def email(subject: str, text: str) -> None:
    """A message as its reader sees it, set off from what the demo says itself."""
    bar = dim("  │")
    say(f"{bar} {bold(f'Subject: {subject}')}\n{bar}")
    for line in text.rstrip("\n").split("\n"):
        say(f"{bar} {line}".rstrip())
    say()


def table(header: list[str], rows: list[list[str]]) -> None:
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]

    def line(row: list[str]) -> str:
        return "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()

    say(dim(line(header)))
    for row in rows:
        say(line(row))
    say()


def waiting(what: str, done: Callable[[float], T | None]) -> T:
    """Call `done` with the seconds it may take until it returns something, and print a dot for every try."""
    began = time.monotonic()
    print(dim(what.ljust(9)), end="", flush=True)
    dots = ""
    try:
        while (result := done(SECONDS_PER_DOT)) is None:
            dots += "."
            print(".", end="", flush=True)
    except BaseException:
        say()
        raise
    say(f"{' ' if dots else ''}{time.monotonic() - began:.1f} s")
    return result
