"""Faults a test asks for: errors, lost answers, delays, calls that are held, and the death of the process that calls."""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass
from typing import Any

from .calls import Entry
from .messages import AwsError

KINDS = ("error", "drop", "delay_seconds", "held", "kill")


@dataclass
class Fault:
    service: str = "*"
    operation: str = "*"
    resource: str | None = None
    mutating_only: bool = False
    skip: int = 0
    times: int | None = 1
    error: dict[str, Any] | None = None
    drop: str | None = None
    delay_seconds: float | None = None
    held: bool | None = None
    kill: str | None = None

    def __post_init__(self) -> None:
        # Set when the held calls go on. Not a field: it is not for the control API.
        self.released = threading.Event()
        if sum(getattr(self, kind) is not None for kind in KINDS) != 1:
            raise ValueError(f"a fault is exactly one of {', '.join(KINDS)}")
        for kind in ("drop", "kill"):
            if getattr(self, kind) not in (None, "before", "after"):
                raise ValueError(f"{kind} is 'before' or 'after', not {getattr(self, kind)!r}")

    def matches(self, entry: Entry) -> bool:
        return (
            self.service in ("*", entry.service)
            and self.operation in ("*", entry.operation)
            and (self.resource is None or self.resource in entry.resource)
            and (entry.mutating or not self.mutating_only)
        )

    def as_error(self) -> AwsError:
        assert self.error is not None
        return AwsError(
            self.error.get("code", "InternalFailure"),
            self.error.get("message", "A fault of the simulated account."),
            int(self.error.get("status", 500)),
        )


class Faults:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        # All since the last clear, also those that are used up: a call of theirs may still be held.
        self._added: list[Fault] = []

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._faults.append(fault)
            self._added.append(fault)

    def clear(self) -> None:
        """End all faults, and let the held calls go on."""
        with self._lock:
            for fault in self._added:
                fault.released.set()
            self._faults.clear()
            self._added.clear()

    def pending(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(fault) for fault in self._faults]

    def take(self, entry: Entry) -> Fault | None:
        """The first fault due for this call. Every matching fault that is not due yet counts the call."""
        with self._lock:
            for fault in self._faults:
                if not fault.matches(entry):
                    continue
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self._faults.remove(fault)
                return fault
            return None
