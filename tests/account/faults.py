"""Faults a test asks for: errors, lost answers, calls that are held, and the death of the process that calls."""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass
from typing import Any

from .calls import Entry
from .messages import AwsError

KINDS = ("error", "drop", "held", "kill")


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
    held: bool | None = None
    kill: str | None = None

    def __post_init__(self) -> None:
        # Not a field: it is not for the control API.
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
        # Those that hold calls, also when they are used up and pending no more.
        self._holding: list[Fault] = []

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._faults.append(fault)
            if fault.held:
                self._holding.append(fault)

    def release(self) -> None:
        """Let the held calls go on, and hold no more. Other faults stay."""
        with self._lock:
            self._faults = [fault for fault in self._faults if not fault.held]
            for fault in self._holding:
                fault.released.set()
            self._holding.clear()

    def clear(self) -> None:
        """End all faults. Held calls go on."""
        self.release()
        with self._lock:
            self._faults.clear()

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
