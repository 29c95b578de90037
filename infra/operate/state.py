"""The function's state, as far as an operator's command has to know it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from .text import time

if TYPE_CHECKING:
    from .aws import Deployment


@dataclass(frozen=True)
class State:
    document: dict[str, Any]

    @classmethod
    def read(cls, deployment: Deployment) -> State:
        """Before the first stop there is none, and nothing is owed."""
        return cls(deployment.read("state.json") or {})

    def owed(self, only: list[str] | None = None) -> list[str]:
        """What was stopped and is not back: every record with an original, whose phase is not `running`."""
        resources: dict[str, Any] = self.document.get("resources", {})
        return sorted(
            key
            for key, record in resources.items()
            if record["phase"] != "running" and record.get("original") is not None and _selects(only, key)
        )

    def at_work(self) -> str | None:
        """The operation that goes on now, or that nobody has brought to its end."""
        operation: dict[str, Any] = self.document.get("operation") or {}
        lease: dict[str, Any] | None = self.document.get("lease")
        held = lease is not None and time(lease["until"]) > datetime.now(UTC)
        if held or (operation and operation.get("finished_at") is None):
            return f"{operation.get('direction', 'an operation')} {operation.get('id', '')}".strip()
        return None

    def has_ended(self, operation_id: str) -> bool:
        return operation_id in [ended["operation_id"] for ended in self.document.get("ended", [])]

    def progress(self) -> str:
        phases = [record["phase"] for record in self.document.get("resources", {}).values()]
        return ", ".join(f"{phases.count(phase)} {phase}" for phase in sorted(set(phases))) or "nothing recorded yet"


def _selects(only: list[str] | None, key: str) -> bool:
    """As the function reads `only`: kinds, or `kind:` and a name in which * and ? stand for others."""
    kind, _, name = key.partition(":")
    for selector in only or [kind]:
        of, _, glob = selector.partition(":")
        pattern = re.escape(glob or "*").replace(r"\*", ".*").replace(r"\?", ".")
        if of == kind and re.fullmatch(pattern, name, re.DOTALL):
            return True
    return False
