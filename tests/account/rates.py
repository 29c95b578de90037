"""Request rates: a token bucket per service or operation, for those a test sets one for.

AWS limits control-plane calls per account and region, for instance Lambda's to 15 a second over all its APIs
(https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any

from .messages import AwsError
from .service import Call, Service, Services


def presets(services: Services) -> dict[str, dict[str, Any]]:
    """Sets of limits, by name."""
    published = ((service.name, service.throttling.aws) for service in services)
    limits = ((name, operation, rate) for name, aws in published for operation, rate in aws.items())
    return {"aws": {name if operation == "*" else f"{name}.{operation}": rate for name, operation, rate in limits}}


@dataclass
class Rate:
    """Calls a second, and how many may come at once."""

    rate: float
    burst: float

    @classmethod
    def parse(cls, key: str, value: Any, services: Services) -> Rate:
        names = sorted(service.name for service in services)
        if key.split(".")[0] not in names:
            raise ValueError(f"{key}: no such service; there are {', '.join(names)}")
        fields = value if isinstance(value, dict) else {"rate": value}
        if unknown := set(fields) - {"rate", "burst"}:
            raise ValueError(f"{key}: a rate has no {', '.join(unknown)}")
        rate = float(fields["rate"])
        return cls(rate, float(fields.get("burst", max(rate, 1.0))))


class Rates:
    """Limits by `service` or `service.operation`. Unless told otherwise, each may burst to one second's worth."""

    def __init__(self) -> None:
        self._rates: dict[str, Rate] = {}
        self._buckets: dict[str, tuple[float, float]] = {}

    def set(self, rates: dict[str, Any], services: Services) -> None:
        """Replace all limits. `preset` names a set of them, which the others override; null lifts one."""
        preset, known = rates.get("preset"), presets(services)
        if preset is not None and preset not in known:
            raise ValueError(f"no such preset: {preset}; there is {', '.join(known)}")
        chosen = known.get(preset or "", {}) | {key: value for key, value in rates.items() if key != "preset"}
        self._rates = {key: Rate.parse(key, value, services) for key, value in chosen.items() if value is not None}
        self._buckets = {}

    def as_dict(self) -> dict[str, Any]:
        return {key: asdict(rate) for key, rate in self._rates.items()}

    def admit(self, call: Call) -> None:
        """Let a call pass, or raise the service's throttling error. The caller holds the account's lock."""
        service = call.service
        each = {f"{service.name}.{operation}" for operation in service.throttling.per_resource}
        for key in service.rate_keys(call.operation):
            if key in self._rates:
                self._take(service, self._rates[key], f"{key} {call.resource}" if key in each else key)

    def _take(self, service: Service, rate: Rate, bucket: str) -> None:
        now = time.monotonic()
        tokens, since = self._buckets.get(bucket, (rate.burst, now))
        tokens = min(rate.burst, tokens + (now - since) * rate.rate)
        if tokens < 1:
            self._buckets[bucket] = (tokens, now)
            raise AwsError(service.throttling.code, "Rate exceeded", service.throttling.status)
        self._buckets[bucket] = (tokens - 1, now)
