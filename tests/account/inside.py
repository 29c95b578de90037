"""The account from inside: its services, called neither with a log nor with faults, for seeds and snapshots."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import moto_bridge
from .execution import result_of
from .messages import Response
from .service import Call
from .state import Account


@dataclass
class Inside:
    account: Account
    region: str

    def call(self, service: str, operation: str, **params: Any) -> dict[str, Any]:
        """The answer of an operation, as a user would call it."""
        result = result_of(self.asked(service, operation, **params))
        return moto_bridge.decode(result) if isinstance(result, Response) else result or {}

    def asked(self, service: str, operation: str, **params: Any) -> Call:
        """A call that nobody has executed."""
        called = self.account.services[service]
        request = moto_bridge.json_request(self.account.id, self.region, service, called.target, operation, params)
        return Call(self.account, self.region, called, operation, dict(params), "json", request)

    def rest(self, service: str, method: str, path: str, query: str = "", body: bytes = b"") -> None:
        """A REST operation of moto."""
        response = moto_bridge.call_rest(self.account.id, self.region, service, method, path, query, body)
        if response.status >= 400:
            raise ValueError(f"{service} {method} {path}: {response.status} {response.body.decode()}")

    def arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{self.region}:{self.account.id}:{resource}"

    def backend(self, service: str) -> Any:
        """moto's own model of a service."""
        return moto_bridge.backend(service, self.account.id, self.region)
