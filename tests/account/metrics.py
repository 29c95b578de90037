"""The metrics that functions print: CloudWatch's embedded metric format, read strictly.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html

CloudWatch drops a document that breaks the format without a word, so here it is shown with what is wrong with it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any

MAX_METRICS = 100
MAX_DIMENSIONS = 30
MAX_VALUES = 100
# From 2001 to 2286: a time in seconds or in microseconds is not in between.
MILLISECONDS = range(10**12, 10**13)
RATES = ("Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes",
         "Bits", "Kilobits", "Megabits", "Gigabits", "Terabits")  # fmt: skip
UNITS = {"Seconds", "Microseconds", "Milliseconds", "Percent", "Count", "Count/Second", "None", *RATES} | {
    f"{unit}/Second" for unit in RATES
}


def documents(lines: Iterable[str]) -> list[dict[str, Any]]:
    """The documents among the lines; one that breaks the format as `{"invalid": why, "line": …}`."""
    found = []
    for line in lines:
        if '"_aws"' not in line:
            continue
        try:
            document = json.loads(line)
        except ValueError as error:
            found.append({"invalid": f"not JSON: {error}", "line": line})
            continue
        if not isinstance(document, dict) or "_aws" not in document:
            continue  # a log line that only speaks of it
        try:
            _check(document)
            found.append(document)
        except ValueError as error:
            found.append({"invalid": str(error), "line": line})
    return found


def _require(true: bool, otherwise: str) -> None:
    if not true:
        raise ValueError(otherwise)


def _check(document: dict[str, Any]) -> None:
    metadata = document["_aws"]
    _require(isinstance(metadata, dict), "_aws is not an object")
    timestamp = metadata.get("Timestamp")
    _require(type(timestamp) is int and timestamp in MILLISECONDS, "Timestamp is not an integer in milliseconds")
    directives = metadata.get("CloudWatchMetrics")
    _require(isinstance(directives, list) and bool(directives), "CloudWatchMetrics is not a list of directives")
    for directive in directives:
        _require(isinstance(directive, dict), "a directive is not an object")
        _check_directive(document, directive)


def _check_directive(document: dict[str, Any], directive: dict[str, Any]) -> None:
    _require(_is_text(directive.get("Namespace")), "Namespace is not a text of 1 to 1024 characters")
    sets = directive.get("Dimensions")
    _require(isinstance(sets, list) and all(isinstance(s, list) for s in sets), "Dimensions is not a list of lists")
    for names in sets:
        _require(len(names) <= MAX_DIMENSIONS, f"a dimension set has more than {MAX_DIMENSIONS} dimensions")
        for name in names:
            _require(_is_text(name), f"{name!r} is not the name of a dimension")
            _require(_is_text(document.get(name)), f"the dimension {name} is not a text at the top level")
    metrics = directive.get("Metrics")
    _require(isinstance(metrics, list), "Metrics is not a list")
    _require(len(metrics) <= MAX_METRICS, f"a directive has more than {MAX_METRICS} metrics")
    for metric in metrics:
        _require(isinstance(metric, dict) and _is_text(metric.get("Name")), f"{metric!r} has no Name")
        _check_metric(document, metric)


def _check_metric(document: dict[str, Any], metric: dict[str, Any]) -> None:
    name = metric["Name"]
    _require(metric.get("Unit", "None") in UNITS, f"the metric {name} has an unknown Unit")
    _require(metric.get("StorageResolution", 60) in (1, 60), f"the metric {name} has a StorageResolution but 1 or 60")
    value = document.get(name)
    values = value if isinstance(value, list) else [value]
    numbers = all(type(v) in (int, float) and math.isfinite(v) for v in values)
    _require(numbers and 1 <= len(values) <= MAX_VALUES, f"the metric {name} is not a number at the top level")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= 1024
