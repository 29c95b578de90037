"""Pages of a list, with the position as the token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .messages import AwsError


def page(
    items: Sequence[Any], size: int, token: str | None, error: str = "ValidationException"
) -> tuple[Any, str | None]:
    """One page of `items` and the token of the next one, None at the end."""
    try:
        start = int(token) if token else 0
    except ValueError:
        raise AwsError(error, f"The token {token!r} is not valid.") from None
    end = start + size
    return items[start:end], str(end) if end < len(items) else None
