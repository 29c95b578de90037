"""An account: its settings, its clock, its log and faults, and what each service keeps about it."""

from __future__ import annotations

import threading
import time
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from .calls import CallLog
from .faults import Faults

State = TypeVar("State")
# Each takes the seconds of its setting: `creating_seconds`. A stale answer is one, too: it ends when the truth shows.
TRANSITIONS = ("creating", "deleting", "updating", "stale", "scaling", "provisioning", "mapping")


@dataclass
class Settings:
    """How slow and how large the account is. Seconds may be fractions."""

    creating_seconds: float = 0.3
    deleting_seconds: float = 0.3
    updating_seconds: float = 0.3
    stale_seconds: float = 0.0
    scaling_seconds: float = 0.3
    provisioning_seconds: float = 0.3
    mapping_seconds: float = 0.3
    latency_seconds: float = 0.0
    tags_indexed: bool = True
    async_retry_seconds: float = 0.3
    account_concurrency: int = 1000
    unreserved_minimum: int = 100
    shard_limit: int = 500

    def update(self, values: dict[str, Any]) -> None:
        kinds = {name: type(value) for name, value in asdict(Settings()).items()}
        unknown = sorted(set(values) - set(kinds))
        if unknown:
            raise ValueError(f"no such setting: {', '.join(unknown)}; there are {', '.join(kinds)}")
        for name, value in values.items():
            setattr(self, name, kinds[name](value))

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class Account:
    """One AWS account. Its lock is held while a call is executed, so that services need none of their own."""

    def __init__(self, account_id: str) -> None:
        self.id = account_id
        self.lock = threading.RLock()
        self.settings = Settings()
        self.calls = CallLog()
        self.faults = Faults()
        self._ahead = 0.0
        # Held transitions by name. Those that end by this time have been let pass.
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
        """Let no transition of this name end, whatever time passes."""
        self._seconds(transition)
        self._holds.setdefault(transition, 0.0)

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
        seconds = {name: getattr(self.settings, f"{name}_seconds") for name in TRANSITIONS}
        if transition not in seconds:
            raise ValueError(f"no such transition: {transition}; there are {', '.join(TRANSITIONS)}")
        return seconds[transition]

    def state(self, kind: type[State]) -> State:
        """What a service keeps about this account; made on first use."""
        with self.lock:
            if kind not in self._states:
                self._states[kind] = kind()
            return self._states[kind]


class Accounts:
    """All accounts of this server, by id; an account exists as soon as somebody uses it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._accounts: dict[str, Account] = {}

    def get(self, account_id: str) -> Account:
        with self._lock:
            if account_id not in self._accounts:
                self._accounts[account_id] = Account(account_id)
            return self._accounts[account_id]

    def all(self) -> list[Account]:
        with self._lock:
            return list(self._accounts.values())
