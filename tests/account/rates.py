"""Request rates: a token bucket per service or operation, for those a test sets one for.

AWS limits control-plane calls per account and region, for instance Lambda's to 15 a second over all its APIs
(https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any

from .messages import AwsError

# What each service answers when it throttles; the others answer ThrottlingException.
ERRORS = {
    "cloudwatch": ("Throttling", 400),
    "dynamodb": ("ThrottlingException", 400),
    "kinesis": ("LimitExceededException", 400),
    "lambda": ("TooManyRequestsException", 429),
    "s3": ("SlowDown", 503),
    "sns": ("Throttling", 400),
    "sqs": ("RequestThrottled", 403),
    "tagging": ("ThrottledException", 400),
}
SERVICES = {*ERRORS, "application-autoscaling", "pricing", "sagemaker"}
# These Lambda calls do not count toward the limit of all: GetFunction has one of its own, Invoke has none.
APART = {"GetFunction", "Invoke"}
# These limits hold for each stream, all others for the account.
PER_RESOURCE = {"kinesis.ListStreamConsumers"}

PRESETS: dict[str, dict[str, Any]] = {
    # Published by AWS, in the API references and quota pages of the services; those of SageMaker and its
    # scaling are a guess.
    "aws": {
        "lambda": 15,
        "lambda.GetFunction": 100,
        "cloudwatch.DescribeAlarms": 9,
        "cloudwatch.EnableAlarmActions": 3,
        "cloudwatch.DisableAlarmActions": 3,
        "kinesis.DescribeStreamSummary": 20,
        "kinesis.ListStreams": 5,
        "kinesis.UpdateShardCount": 10,
        "kinesis.ListTagsForStream": 5,
        "kinesis.ListStreamConsumers": 5,
        "kinesis.DescribeLimits": 1,
        "sagemaker": 10,
        "application-autoscaling": 10,
        "pricing": {"rate": 5, "burst": 10},
    }
}


@dataclass
class Rate:
    """Calls a second, and how many may come at once."""

    rate: float
    burst: float

    @classmethod
    def parse(cls, key: str, value: Any) -> Rate:
        if key.split(".")[0] not in SERVICES:
            raise ValueError(f"{key}: no such service; there are {', '.join(sorted(SERVICES))}")
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

    def set(self, rates: dict[str, Any]) -> None:
        """Replace all limits. `preset` names a set of them, which the others override; null lifts one."""
        preset = rates.get("preset")
        if preset is not None and preset not in PRESETS:
            raise ValueError(f"no such preset: {preset}; there is {', '.join(PRESETS)}")
        chosen = PRESETS.get(preset or "", {}) | {key: value for key, value in rates.items() if key != "preset"}
        self._rates = {key: Rate.parse(key, value) for key, value in chosen.items() if value is not None}
        self._buckets = {}

    def as_dict(self) -> dict[str, Any]:
        return {key: asdict(rate) for key, rate in self._rates.items()}

    def admit(self, service: str, operation: str, resource: str = "") -> None:
        """Let a call pass, or raise the service's throttling error. The caller holds the account's lock."""
        own = f"{service}.{operation}"
        for key in (own,) if service == "lambda" and operation in APART else (service, own):
            if key in self._rates:
                self._take(service, self._rates[key], f"{key} {resource}" if key in PER_RESOURCE else key)

    def _take(self, service: str, rate: Rate, bucket: str) -> None:
        now = time.monotonic()
        tokens, since = self._buckets.get(bucket, (rate.burst, now))
        tokens = min(rate.burst, tokens + (now - since) * rate.rate)
        if tokens < 1:
            self._buckets[bucket] = (tokens, now)
            code, status = ERRORS.get(service, ("ThrottlingException", 400))
            raise AwsError(code, "Rate exceeded", status)
        self._buckets[bucket] = (tokens - 1, now)
