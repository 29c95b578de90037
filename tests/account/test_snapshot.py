"""A snapshot shows all that a person would care about, and only that."""

from __future__ import annotations

import json

from .client import HERE
from .conftest import Account
from .test_autoscaling import ACTION, TRACKING, VARIANT

DEMO = json.loads((HERE / "demo_project.json").read_text())


def test_the_snapshot_of_the_demo_project_does_not_change_with_time(account: Account) -> None:
    account.control("POST", "seed", DEMO)
    before = account.control("GET", "snapshot")
    assert before["streams"]["payments-events"]["open_shards"] == 4
    assert before["functions"]["intervention-executor"]["reserved"] == 5
    assert len(before["alarms"]) == 11
    account.advance(100)
    assert account.control("GET", "snapshot") == before
    assert str(account.calls()) == "[]"


def test_a_recreated_endpoint_is_the_same_in_the_snapshot(account: Account) -> None:
    account.seed(endpoints=[{"name": "e", "autoscaling": [{"policies": [TRACKING], "scheduled_actions": [ACTION]}]}])
    before = account.control("GET", "snapshot")
    account.sagemaker.delete_endpoint(EndpointName="e")
    account.advance(1001)
    assert account.control("GET", "snapshot")["endpoints"] == {}
    account.sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="e-config")
    account.advance(1001)
    account.autoscaling.register_scalable_target(**VARIANT, MinCapacity=1, MaxCapacity=2)
    account.autoscaling.put_scaling_policy(**VARIANT, **TRACKING)
    account.autoscaling.put_scheduled_action(**VARIANT, **ACTION)
    assert account.control("GET", "snapshot") == before


def test_the_alarms_of_two_policies_on_a_variant_are_told_apart_in_the_snapshot(account: Account) -> None:
    policies = [TRACKING, {**TRACKING, "PolicyName": "q"}]
    account.seed(endpoints=[{"name": "e", "autoscaling": [{"policies": policies}]}])
    before = account.control("GET", "snapshot")
    assert list(before["alarms"]) == [
        f"TargetTracking-endpoint/e/variant/AllTraffic-{side}-…{number}"
        for side in ("AlarmHigh", "AlarmLow")
        for number in ("", " 2")
    ]
    assert len({json.dumps(alarm["AlarmActions"]) for alarm in before["alarms"].values()}) == 2
    account.sagemaker.delete_endpoint(EndpointName="e")
    account.advance(1001)
    account.sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="e-config")
    account.advance(1001)
    account.autoscaling.register_scalable_target(**VARIANT, MinCapacity=1, MaxCapacity=2)
    for policy in reversed(policies):
        account.autoscaling.put_scaling_policy(**VARIANT, **policy)
    assert account.control("GET", "snapshot") == before
