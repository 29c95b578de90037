"""Talking with the operator."""

from __future__ import annotations


def say(line: str) -> None:
    print(line, flush=True)


def agreed(question: str) -> bool:
    """Nobody there to answer is a no."""
    try:
        return input(f"\n{question} [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False
