"""The log of the calls an account received, in the order in which they arrived."""

from __future__ import annotations

import re
import threading
from dataclasses import asdict, dataclass
from typing import Any

from .service import Ask, Call

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
        # What IAM was asked for each.
        self._asks: list[list[Ask]] = []
        self._next = 1

    def arrived(self, call: Call) -> Entry:
        asks = call.service.asks(call)
        with self._lock:
            entry = Entry(self._next, call.service.name, call.operation, call.resource, is_mutating(call.operation))
            self._next += 1
            self._entries.append(entry)
            self._asks.append(asks)
            return entry

    def entries(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(entry) for entry in self._entries]

    def asks(self) -> list[list[dict[str, Any]]]:
        with self._lock:
            return [[asdict(ask) for ask in asks] for asks in self._asks]

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()
            self._asks.clear()
            self._next = 1
