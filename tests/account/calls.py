"""The log of the calls an account received, in the order in which they arrived."""

from __future__ import annotations

import re
import threading
from dataclasses import asdict, dataclass
from typing import Any

READING = re.compile(r"^(Get|List|Describe|Head|Query|Scan|BatchGet|Receive|Lookup|Select)")


def is_mutating(operation: str) -> bool:
    return not READING.match(operation)


@dataclass
class Entry:
    n: int
    service: str
    operation: str
    resource: str
    mutating: bool
    status: int | None = None
    error: str | None = None


class CallLog:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[Entry] = []
        self._next = 1

    def arrived(self, service: str, operation: str, resource: str) -> Entry:
        with self._lock:
            entry = Entry(self._next, service, operation, resource, is_mutating(operation))
            self._next += 1
            self._entries.append(entry)
            return entry

    def entries(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(entry) for entry in self._entries]

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()
            self._next = 1
