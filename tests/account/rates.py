"""Request rates: a token bucket per service or operation, for those a test sets one for.

AWS limits control-plane calls per account and region, for instance Lambda's to 15 a second over all its APIs
(https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
"""

from __future__ import annotations

import time

from .messages import AwsError

# What each service answers when it throttles; the others answer ThrottlingException.
ERRORS = {
    "cloudwatch": ("Throttling", 400),
    "dynamodb": ("ThrottlingException", 400),
    "kinesis": ("LimitExceededException", 400),
    "lambda": ("TooManyRequestsException", 429),
    "s3": ("SlowDown", 503),
    "sns": ("Throttling", 400),
}
# These Lambda calls have limits of their own.
APART = {"GetFunction", "Invoke"}


class Rates:
    """Calls a second by `service` or `service.operation`. Each may burst to one second's worth."""

    def __init__(self) -> None:
        self._rates: dict[str, float] = {}
        self._buckets: dict[str, tuple[float, float]] = {}

    def set(self, rates: dict[str, float]) -> None:
        self._rates = {key: float(rate) for key, rate in rates.items()}
        self._buckets = {}

    def admit(self, service: str, operation: str) -> None:
        """Let a call pass, or raise the service's throttling error. The caller holds the account's lock."""
        if service == "lambda" and operation in APART:
            return
        for key in (service, f"{service}.{operation}"):
            rate = self._rates.get(key)
            if rate is None:
                continue
            now = time.monotonic()
            tokens, since = self._buckets.get(key, (max(rate, 1.0), now))
            tokens = min(max(rate, 1.0), tokens + (now - since) * rate)
            if tokens < 1:
                self._buckets[key] = (tokens, now)
                code, status = ERRORS.get(service, ("ThrottlingException", 400))
                raise AwsError(code, "Rate exceeded", status)
            self._buckets[key] = (tokens - 1, now)
