"""An account: its settings, its clock, its log and faults, and what each service keeps about it."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace
from typing import Any, TypeVar

from .calls import CallLog
from .faults import Faults
from .service import Services

State = TypeVar("State")


class Settings(SimpleNamespace):
    """How slow and how large the account is. Seconds may be fractions."""

    def __init__(self, services: Services) -> None:
        super().__init__(latency_seconds=0.0)
        for service in services:
            vars(self).update({f"{name}_seconds": seconds for name, seconds in service.transitions.items()})
            vars(self).update(service.settings)

    def update(self, values: dict[str, Any], services: Services) -> None:
        """Set some by name, or with `transition_seconds` all transitions that are not over at once by default."""
        if (seconds := values.pop("transition_seconds", None)) is not None:
            usual = {name: usual for service in services for name, usual in service.transitions.items()}
            values = {f"{name}_seconds": seconds for name in usual if usual[name]} | values
        kinds = {name: type(value) for name, value in vars(self).items()}
        unknown = sorted(set(values) - set(kinds))
        if unknown:
            raise ValueError(f"no such setting: {', '.join(unknown)}; there are {', '.join(kinds)}")
        for name, value in values.items():
            setattr(self, name, kinds[name](value))

    def as_dict(self) -> dict[str, Any]:
        return dict(vars(self))


class Account:
    """One AWS account. Its lock is held while a call is executed, so that services need none of their own."""

    def __init__(self, account_id: str, endpoint: str, services: Services) -> None:
        self.id = account_id
        # Where this server listens.
        self.endpoint = endpoint
        self.services = services
        self.lock = threading.RLock()
        self.settings = Settings(services)
        self.calls = CallLog()
        self.faults = Faults()
        self._ahead = 0.0
        # Held transitions by name. Those that end by this time were over before, or have been let pass.
        self._holds: dict[str, float] = {}
        self._states: dict[type, Any] = {}

    def now(self) -> float:
        """The account's time: seconds since 1970, and whatever a test advanced it by."""
        return time.time() + self._ahead

    def advance(self, seconds: float) -> None:
        self._ahead += seconds

    def is_over(self, transition: str, ends: float) -> bool:
        """Whether a transition that takes until then is over. A held one is when a test lets it pass."""
        return ends <= self._holds.get(transition, self.now())

    def hold(self, transition: str) -> None:
        """Let no transition of this name end from now on, whatever time passes."""
        self._seconds(transition)
        self._holds.setdefault(transition, self.now())

    def let_pass(self, transition: str) -> None:
        """End the held transitions that are under way. Those that begin from now on are held."""
        if transition not in self._holds:
            raise ValueError(f"{transition} is not held")
        self._holds[transition] = self.now() + self._seconds(transition)

    def release(self, transition: str) -> None:
        """Let transitions of this name take their time again."""
        self._holds.pop(transition, None)

    def holds(self) -> list[str]:
        return sorted(self._holds)

    def _seconds(self, transition: str) -> float:
        names = sorted(name for service in self.services for name in service.transitions)
        if transition not in names:
            raise ValueError(f"no such transition: {transition}; there are {', '.join(names)}")
        seconds: float = getattr(self.settings, f"{transition}_seconds")
        return seconds

    def state(self, kind: type[State]) -> State:
        """What a service keeps about this account; made on first use."""
        with self.lock:
            if kind not in self._states:
                self._states[kind] = kind()
            return self._states[kind]


class Accounts:
    """All accounts of this server, by id; an account exists as soon as somebody uses it."""

    def __init__(self, endpoint: str, services: Services) -> None:
        self._endpoint = endpoint
        self._services = services
        self._lock = threading.Lock()
        self._accounts: dict[str, Account] = {}

    def get(self, account_id: str) -> Account:
        with self._lock:
            if account_id not in self._accounts:
                self._accounts[account_id] = Account(account_id, self._endpoint, self._services)
            return self._accounts[account_id]

    def all(self) -> list[Account]:
        with self._lock:
            return list(self._accounts.values())
