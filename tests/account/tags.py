"""Tags as a dictionary, which the account keeps, and as the pairs that most services speak."""

from __future__ import annotations

from collections.abc import Iterable

from .messages import AwsError

Tags = dict[str, str]


def pairs(tags: Tags | None) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in (tags or {}).items()]


def in_order(tags: list[dict[str, str]]) -> Tags:
    """Pairs as a dictionary, in order of keys."""
    return {pair["Key"]: pair["Value"] for pair in sorted(tags, key=lambda pair: pair["Key"])}


def require_own(keys: Iterable[str]) -> None:
    """Refuse keys that begin with `aws:`, which belong to AWS."""
    if any(key.lower().startswith("aws:") for key in keys):
        raise AwsError("ValidationException", "aws: prefixed tag key names are not allowed for external use.")


def remove(tags: Tags, keys: Iterable[str]) -> None:
    """Remove these keys; one that is not there is no error."""
    for key in keys:
        tags.pop(key, None)
