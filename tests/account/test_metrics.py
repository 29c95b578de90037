"""Metrics that a function prints are found, and told apart from those that CloudWatch would drop."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from .client import HERE
from .conftest import Account, eventually
from .metrics import documents

NOW = 1_795_000_000_000


def directive(**changes: Any) -> dict[str, Any]:
    """A directive that is right, but for the changes."""
    metrics = [{"Name": "Saved", "Unit": "Count"}, {"Name": "Calls"}]
    return {"Namespace": "Project", "Dimensions": [["Project"], []], "Metrics": metrics} | changes


def document(metadata: Any = None, **fields: Any) -> dict[str, Any]:
    metadata = {"Timestamp": NOW, "CloudWatchMetrics": [directive()]} if metadata is None else metadata
    return {"_aws": metadata, "Project": "shop", "Saved": 1.5, "Calls": 7} | fields


def directed(**changes: Any) -> dict[str, Any]:
    return document({"Timestamp": NOW, "CloudWatchMetrics": [directive(**changes)]})


def metrics(count: int) -> list[dict[str, str]]:
    return [{"Name": "Calls"}] * count


@pytest.mark.parametrize(
    "right",
    [
        document(),
        document(Saved=[1, 2.5]),
        document(RequestId="beside"),
        directed(Dimensions=[]),
        directed(Metrics=metrics(100)),
        directed(Metrics=[{"Name": "Calls", "Unit": "Count/Second", "StorageResolution": 1}]),
        document({"Timestamp": NOW, "CloudWatchMetrics": [directive(), directive(Metrics=metrics(1))]}),
    ],
)
def test_a_document_is_returned_as_it_is(right: dict[str, Any]) -> None:
    assert documents([json.dumps(right)]) == [right]


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (document([]), "_aws is not an object"),
        (document({"CloudWatchMetrics": [directive()]}), "Timestamp"),
        (document({"Timestamp": str(NOW), "CloudWatchMetrics": [directive()]}), "Timestamp"),
        (document({"Timestamp": float(NOW), "CloudWatchMetrics": [directive()]}), "Timestamp"),
        (document({"Timestamp": NOW // 1000, "CloudWatchMetrics": [directive()]}), "Timestamp"),
        (document({"Timestamp": NOW}), "CloudWatchMetrics"),
        (document({"Timestamp": NOW, "CloudWatchMetrics": []}), "CloudWatchMetrics"),
        (document({"Timestamp": NOW, "CloudWatchMetrics": ["x"]}), "a directive is not an object"),
        (directed(Namespace=""), "Namespace"),
        (directed(Dimensions=["Project"]), "Dimensions"),
        (directed(Dimensions=None), "Dimensions"),
        (directed(Dimensions=[["Nobody"]]), "the dimension Nobody"),
        (directed(Dimensions=[["Calls"]]), "the dimension Calls"),
        (directed(Dimensions=[["Project"] * 31]), "30 dimensions"),
        (document(Project=""), "the dimension Project"),
        (directed(Metrics={}), "Metrics is not a list"),
        (directed(Metrics=metrics(101)), "100 metrics"),
        (directed(Metrics=[{"Unit": "Count"}]), "has no Name"),
        (directed(Metrics=["Calls"]), "has no Name"),
        (directed(Metrics=[{"Name": "Calls", "Unit": "Dollars"}]), "unknown Unit"),
        (directed(Metrics=[{"Name": "Calls", "StorageResolution": 10}]), "StorageResolution"),
        (directed(Metrics=[{"Name": "Nothing"}]), "the metric Nothing"),
        (document(Saved="1.5"), "the metric Saved"),
        (document(Saved=True), "the metric Saved"),
        (document(Saved=None), "the metric Saved"),
        (document(Saved=float("nan")), "the metric Saved"),
        (document(Saved=[]), "the metric Saved"),
        (document(Saved=[1] * 101), "the metric Saved"),
    ],
)
def test_a_document_that_breaks_the_format_says_why(wrong: dict[str, Any], why: str) -> None:
    line = json.dumps(wrong)
    (found,) = documents([line])
    assert set(found) == {"invalid", "line"}
    assert why in found["invalid"]
    assert found["line"] == line


def test_a_line_that_is_cut_off_is_invalid() -> None:
    (found,) = documents([json.dumps(document())[:-5]])
    assert found["invalid"].startswith("not JSON")


def test_other_lines_are_passed_over() -> None:
    log = {"level": "INFO", "fields": {"message": 'it says "_aws"', "nested": {"_aws": 1}}}
    lines = ["START", "", "7", json.dumps(log), json.dumps(document()), json.dumps([{"_aws": 1}])]
    assert documents(lines) == [document()]


def test_metrics_are_read_from_what_the_processes_print(account: Account) -> None:
    assert account.control("GET", "metrics") == []
    account.control("PUT", "functions/f", {"command": [sys.executable, "-S", str(HERE / "runtime_for_tests.py")]})
    wrong = json.dumps(document(Calls="7"))
    for line in (json.dumps(document()), wrong):
        event = json.dumps({"do": "print", "line": line})
        assert "FunctionError" not in account.lambda_.invoke(FunctionName="f", Payload=event)
    eventually(lambda: len(account.control("GET", "metrics")) == 2)
    right, invalid = account.control("GET", "metrics")
    assert right == document()
    assert invalid == {"invalid": "the metric Calls is not a number at the top level", "line": wrong}
