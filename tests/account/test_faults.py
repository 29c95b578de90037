"""Faults reach the call that they are for."""

from __future__ import annotations

import time

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from .conftest import Account, refused


@pytest.mark.parametrize(
    ("service", "operation", "params"),
    [
        ("s3", "put_object", {"Bucket": "b", "Key": "k", "Body": b""}),
        ("sns", "publish", {"TopicArn": "arn:aws:sns:us-east-1:1:t", "Message": "m"}),
        ("cloudwatch", "describe_alarms", {}),
        ("kinesis", "list_streams", {}),
        ("lambda_", "list_functions", {}),
        ("sagemaker", "list_endpoints", {}),
        ("dynamodb", "list_tables", {}),
    ],
)
def test_an_error_fault_reaches_the_client_in_every_protocol(
    account: Account, service: str, operation: str, params: dict
) -> None:
    account.fault(error={"status": 409, "code": "ConditionalRequestConflict", "message": "again"}, times=None)
    assert refused("ConditionalRequestConflict", getattr(getattr(account, service), operation), **params) == "again"
    account.control("DELETE", "faults")
    if not params:
        getattr(getattr(account, service), operation)()


def test_a_fault_waits_for_its_call_and_ends(account: Account) -> None:
    account.seed(alarms=[{"name": "a"}])
    error = {"status": 400, "code": "Throttling", "message": "slow down"}
    account.fault(mutating_only=True, resource="a", skip=1, times=2, error=error)
    outcomes = []
    for _ in range(5):
        account.cloudwatch.describe_alarms()
        try:
            account.cloudwatch.disable_alarm_actions(AlarmNames=["a"])
            outcomes.append("ok")
        except ClientError:
            outcomes.append("error")
    assert outcomes == ["ok", "error", "error", "ok", "ok"]


@pytest.mark.parametrize(("when", "executed"), [("before", False), ("after", True)])
def test_a_dropped_call_is_or_is_not_executed(account: Account, when: str, executed: bool) -> None:
    account.seed(functions=[{"name": "f"}])
    account.fault(service="lambda", operation="PutFunctionConcurrency", drop=when)
    with pytest.raises(BotoCoreError):
        account.lambda_.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=0)
    assert account.calls()[-1]["error"] == "Dropped"
    concurrency = account.lambda_.get_function_concurrency(FunctionName="f")
    assert ("ReservedConcurrentExecutions" in concurrency) == executed


def test_latency_takes_its_time(account: Account) -> None:
    account.settings(latency_seconds=0.3)
    started = time.monotonic()
    account.kinesis.list_streams()
    assert time.monotonic() - started > 0.3
