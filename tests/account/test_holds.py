"""What a test holds stands still until the test lets it go, whatever time passes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from .conftest import Account, eventually

LONG = 1001
STREAM = {"name": "s", "shards": 4}
FUNCTION = {"name": "f", "versions": 1, "aliases": {"live": "1"}, "mappings": [{"stream": "s"}]}
PROVISIONED = {"FunctionName": "f", "Qualifier": "live"}


def let_pass(account: Account, transition: str) -> None:
    account.control("POST", f"holds/{transition}")


def scale(account: Account, shards: int) -> None:
    account.kinesis.update_shard_count(StreamName="s", TargetShardCount=shards, ScalingType="UNIFORM_SCALING")


def stream_status(account: Account) -> str:
    return account.kinesis.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]["StreamStatus"]


def endpoints(account: Account) -> dict[str, str]:
    return {e["EndpointName"]: e["EndpointStatus"] for e in account.sagemaker.list_endpoints()["Endpoints"]}


def test_a_held_transition_ends_when_it_is_let_pass_and_the_next_is_held(account: Account) -> None:
    account.seed(streams=[STREAM])
    assert account.control("PUT", "holds/scaling") == ["scaling"]
    scale(account, 2)
    account.advance(LONG)
    assert stream_status(account) == "UPDATING"
    let_pass(account, "scaling")
    assert stream_status(account) == "ACTIVE"
    scale(account, 1)
    account.advance(LONG)
    assert stream_status(account) == "UPDATING"
    assert account.control("DELETE", "holds/scaling") == []
    assert stream_status(account) == "ACTIVE"


def test_a_transition_that_is_released_takes_its_time_again(account: Account) -> None:
    account.seed(streams=[STREAM])
    account.control("PUT", "holds/scaling")
    scale(account, 2)
    account.control("DELETE", "holds/scaling")
    assert stream_status(account) == "UPDATING"
    account.advance(LONG)
    assert stream_status(account) == "ACTIVE"


def test_what_was_over_before_the_hold_stays_over(account: Account) -> None:
    account.seed(streams=[STREAM], functions=[FUNCTION])
    client: Any = account.lambda_
    (mapping,) = client.list_event_source_mappings(FunctionName="f")["EventSourceMappings"]
    client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    account.advance(LONG)
    account.control("PUT", "holds/mapping")
    assert client.get_event_source_mapping(UUID=mapping["UUID"])["State"] == "Disabled"


def test_every_transition_of_an_endpoint_can_be_held(account: Account) -> None:
    account.seed(endpoints=[{"name": "e"}])
    for transition in ("creating", "updating", "deleting", "stale"):
        account.control("PUT", f"holds/{transition}")
    account.sagemaker.create_endpoint(EndpointName="new", EndpointConfigName="e-config")
    account.sagemaker.update_endpoint(EndpointName="e", EndpointConfigName="e-config")
    account.advance(LONG)
    assert endpoints(account) == {"e": "Updating", "new": "Creating"}
    let_pass(account, "updating")
    assert endpoints(account) == {"e": "InService", "new": "Creating"}
    account.sagemaker.delete_endpoint(EndpointName="e")
    account.advance(LONG)
    assert endpoints(account) == {"e": "InService", "new": "Creating"}, "its deletion does not show yet"
    let_pass(account, "stale")
    assert endpoints(account) == {"e": "Deleting", "new": "Creating"}
    let_pass(account, "deleting")
    let_pass(account, "creating")
    assert endpoints(account) == {"new": "InService"}


def test_every_transition_of_a_function_can_be_held(account: Account) -> None:
    account.seed(streams=[STREAM], functions=[FUNCTION])
    client: Any = account.lambda_
    for transition in ("provisioning", "mapping"):
        account.control("PUT", f"holds/{transition}")
    client.put_provisioned_concurrency_config(**PROVISIONED, ProvisionedConcurrentExecutions=1)
    (mapping,) = client.list_event_source_mappings(FunctionName="f")["EventSourceMappings"]
    client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)

    def states() -> tuple[str, str]:
        return (
            client.get_provisioned_concurrency_config(**PROVISIONED)["Status"],
            client.get_event_source_mapping(UUID=mapping["UUID"])["State"],
        )

    account.advance(LONG)
    assert states() == ("IN_PROGRESS", "Disabling")
    let_pass(account, "provisioning")
    assert states() == ("READY", "Disabling")
    let_pass(account, "mapping")
    assert states() == ("READY", "Disabled")


def test_what_is_no_transition_or_is_not_held_is_refused(account: Account) -> None:
    with pytest.raises(ValueError, match="no such transition: async_retry; there are creating, "):
        account.control("PUT", "holds/async_retry")
    with pytest.raises(ValueError, match="scaling is not held"):
        account.control("POST", "holds/scaling")


def test_a_held_call_is_executed_when_it_is_released(account: Account) -> None:
    account.seed(alarms=[{"name": "a"}])
    account.fault(operation="DisableAlarmActions", held=True, times=None)
    account.fault(operation="EnableAlarmActions", drop="before")

    def is_enabled() -> bool:
        return account.cloudwatch.describe_alarms()["MetricAlarms"][0]["ActionsEnabled"]

    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(account.cloudwatch.disable_alarm_actions, AlarmNames=["a"])
        eventually(account.calls)
        assert is_enabled() and not call.done()
        account.control("DELETE", "holds/calls")
        call.result(10)
    assert not is_enabled()
    account.cloudwatch.disable_alarm_actions(AlarmNames=["a"])
    assert [fault["drop"] for fault in account.control("GET", "faults")] == ["before"], "other faults stay"
    assert {call["status"] for call in account.calls()} == {200}
