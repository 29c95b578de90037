"""The control API: the log of calls, and what it refuses."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from .conftest import Account, refused
from .services import SERVICES


def test_calls_are_logged_in_order_with_resource_and_outcome(account: Account) -> None:
    account.seed(streams=[{"name": "s"}])
    account.kinesis.describe_stream_summary(StreamName="s")
    refused("ValidationError", account.cloudwatch.enable_alarm_actions, AlarmNames=["a"] * 101)
    scale = {"StreamName": "s", "TargetShardCount": 9, "ScalingType": "UNIFORM_SCALING"}
    refused("InvalidArgumentException", account.kinesis.update_shard_count, **scale)
    calls = account.calls()
    assert [call["n"] for call in calls] == [1, 2, 3]
    assert calls[0] == {
        "n": 1, "service": "kinesis", "operation": "DescribeStreamSummary", "resource": "s",
        "mutating": False, "status": 200, "error": None,
    }  # fmt: skip
    assert (calls[2]["mutating"], calls[2]["status"], calls[2]["error"]) == (True, 400, "InvalidArgumentException")
    account.control("DELETE", "calls")
    account.control("GET", "snapshot")
    assert account.calls() == []


def test_a_wrong_fault_setting_or_seed_is_refused(account: Account) -> None:
    for path, body in (
        ("faults", {"service": "s3"}),
        ("faults", {"drop": "never"}),
        ("seed", {"streams": [{"name": "s", "shard": 3}]}),
        ("seed", {"stream": []}),
    ):
        with pytest.raises(ValueError, match=r"shard|stream|fault|drop"):
            account.control("POST", path, body)
    with pytest.raises(ValueError, match="no such setting"):
        account.settings(creation=1)


def test_all_transitions_can_be_set_at_once_and_one_of_them_differently(account: Account) -> None:
    settings = account.control("PUT", "settings", {"transition_seconds": 7, "scaling_seconds": 8})
    transitions = {name: usual for service in SERVICES for name, usual in service.transitions.items()}
    slow = {f"{name}_seconds": 7 for name, usual in transitions.items() if usual}
    assert {"creating_seconds", "provisioning_seconds", "mapping_seconds"} <= slow.keys()
    assert {name: seconds for name, seconds in settings.items() if seconds in (7, 8)} == slow | {"scaling_seconds": 8}
    assert (settings["stale_seconds"], "transition_seconds" in settings) == (0, False)


def test_many_clients_at_once_lose_nothing(account: Account) -> None:
    account.seed(bucket="b-state", alarms=[{"name": "a"}], streams=[{"name": "s"}], functions=[{"name": "f"}])
    clients = account.s3, account.cloudwatch, account.kinesis, account.lambda_

    def work(number: int) -> None:
        s3, cloudwatch, kinesis, functions = clients
        s3.put_object(Bucket="b-state", Key=str(number), Body=b"x" * number)
        cloudwatch.describe_alarms()
        kinesis.list_streams()
        functions.list_functions()

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(work, range(50)))
    assert len(account.calls()) == 200
    assert len(account.s3.list_objects_v2(Bucket="b-state")["Contents"]) == 50
