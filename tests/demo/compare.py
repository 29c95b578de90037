"""Two snapshots of the account: what differs, and how much was compared."""

from __future__ import annotations

from typing import Any


class _Missing:
    def __repr__(self) -> str:
        return "(not there)"


MISSING = _Missing()


def differences(before: Any, after: Any, path: str = "") -> list[str]:
    """A line for every value that is not what it was."""
    if isinstance(before, dict) and isinstance(after, dict):
        keys = [*before, *(key for key in after if key not in before)]
        return [
            line
            for key in keys
            for line in differences(before.get(key, MISSING), after.get(key, MISSING), f"{path}/{key}")
        ]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        pairs = enumerate(zip(before, after, strict=True))
        return [line for index, (old, new) in pairs for line in differences(old, new, f"{path}/{index}")]
    return [] if before == after else [f"{path.lstrip('/')}: was {before!r}, is {after!r}"]


def compared(snapshot: Any) -> list[list[str]]:
    """What there was to compare, as rows of a table."""
    return [
        [kind.replace("_", " "), str(len(resources)), str(_values(resources)), str(_tags(resources))]
        for kind, resources in snapshot.items()
        if resources
    ]


def _tags(resources: Any) -> int:
    if not isinstance(resources, dict):
        return 0
    return sum(len(resource.get("tags", {})) for resource in resources.values())


def _values(value: Any) -> int:
    if isinstance(value, dict | list):
        return sum(_values(item) for item in (value.values() if isinstance(value, dict) else value))
    return 1
