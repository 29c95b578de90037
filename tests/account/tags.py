"""Tags as a dictionary, which the account keeps, and as the pairs that most services speak."""

from __future__ import annotations

Tags = dict[str, str]


def pairs(tags: Tags | None) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in (tags or {}).items()]


def in_order(tags: list[dict[str, str]]) -> Tags:
    """Pairs as a dictionary, in order of keys."""
    return {pair["Key"]: pair["Value"] for pair in sorted(tags, key=lambda pair: pair["Key"])}
