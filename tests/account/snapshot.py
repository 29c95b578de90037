"""What a person would care about in an account, as the API tells it, in an order that never changes.

Timestamps and generated ids are left out: they rightly differ after an endpoint was created again. So are the state
bucket and the messages, which a run is meant to change.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from .inside import Inside
from .state import Account

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def snapshot(account: Account, region: str) -> dict[str, Any]:
    """The parts of all services."""
    inside = Inside(account, region)
    with account.lock:
        return {part: what for service in account.services for part, what in service.picture(inside).items()}


def kept(value: Any, generated: Collection[str] = ()) -> Any:
    """Without the generated fields and without the UUIDs in texts, and in order of keys."""
    if isinstance(value, dict):
        return {key: kept(value[key], generated) for key in sorted(value) if key not in generated}
    if isinstance(value, list):
        return [kept(item, generated) for item in value]
    return UUID.sub("…", value) if isinstance(value, str) else value
