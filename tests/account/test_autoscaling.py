"""Application Auto Scaling behaves as AWS's does."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from .conftest import Account, refused

VARIANT = {"ServiceNamespace": "sagemaker", "ResourceId": "endpoint/e/variant/AllTraffic",
           "ScalableDimension": "sagemaker:variant:DesiredInstanceCount"}  # fmt: skip
TRACKING = {
    "PolicyName": "p",
    "PolicyType": "TargetTrackingScaling",
    "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 70.0},
}
ACTION = {"ScheduledActionName": "a", "Schedule": "cron(0 8 * * ? *)", "ScalableTargetAction": {"MinCapacity": 2}}


def test_deleting_an_endpoint_deregisters_its_targets_with_policies_and_actions(account: Account) -> None:
    account.seed(endpoints=[{"name": "e", "autoscaling": [{"policies": [TRACKING], "scheduled_actions": [ACTION]}]}])
    scaling, namespace = account.autoscaling, {"ServiceNamespace": "sagemaker"}
    assert len(scaling.describe_scalable_targets(**namespace)["ScalableTargets"]) == 1
    assert len(scaling.describe_scaling_policies(**namespace)["ScalingPolicies"][0]["Alarms"]) == 2
    assert len(scaling.describe_scheduled_actions(**namespace)["ScheduledActions"]) == 1
    assert len(account.cloudwatch.describe_alarms(AlarmNamePrefix="TargetTracking-endpoint/e/")["MetricAlarms"]) == 2
    account.sagemaker.delete_endpoint(EndpointName="e")
    assert scaling.describe_scalable_targets(**namespace)["ScalableTargets"] == []
    assert scaling.describe_scaling_policies(**namespace)["ScalingPolicies"] == []
    assert scaling.describe_scheduled_actions(**namespace)["ScheduledActions"] == []
    assert account.cloudwatch.describe_alarms()["MetricAlarms"] == []


def test_only_a_variant_in_service_can_be_registered(account: Account) -> None:
    account.seed(endpoints=[{"name": "old", "config": "c"}])
    register = {**VARIANT, "MinCapacity": 1, "MaxCapacity": 2}
    refused("ValidationException", account.autoscaling.register_scalable_target, **register)
    account.sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="c")
    refused("ValidationException", account.autoscaling.register_scalable_target, **register)
    account.advance(1001)
    account.autoscaling.register_scalable_target(**register)


def test_policies_and_actions_need_a_registered_target(account: Account) -> None:
    refused("ObjectNotFoundException", account.autoscaling.put_scaling_policy, **VARIANT, **TRACKING)
    refused("ObjectNotFoundException", account.autoscaling.put_scheduled_action, **VARIANT, **ACTION)


def test_the_suspended_state_is_kept(account: Account) -> None:
    account.seed(endpoints=[{"name": "e", "autoscaling": [{"suspended": {"DynamicScalingInSuspended": True}}]}])
    account.autoscaling.register_scalable_target(**VARIANT, MaxCapacity=5)
    target = account.autoscaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"][0]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (1, 5)
    assert target["SuspendedState"] == {
        "DynamicScalingInSuspended": True,
        "DynamicScalingOutSuspended": False,
        "ScheduledScalingSuspended": False,
    }


def test_tags_of_a_target_are_set_when_it_is_registered_and_change_by_tag_resource(account: Account) -> None:
    account.seed(endpoints=[{"name": "e", "autoscaling": [{"tags": {"team": "ml"}}]}])
    scaling = account.autoscaling
    target = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"][0]
    arn = target["ScalableTargetARN"]
    assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"team": "ml"}
    refused("ValidationException", scaling.register_scalable_target, **VARIANT, Tags={"team": "x"})
    scaling.tag_resource(ResourceARN=arn, Tags={"owner": "a"})
    scaling.untag_resource(ResourceARN=arn, TagKeys=["team"])
    assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"owner": "a"}
    scaling.deregister_scalable_target(**VARIANT)
    refused("ResourceNotFoundException", scaling.list_tags_for_resource, ResourceARN=arn)


def test_an_action_in_the_past_is_refused(account: Account) -> None:
    account.seed(endpoints=[{"name": "e", "autoscaling": [{}]}])
    put = account.autoscaling.put_scheduled_action
    for past in (
        {"Schedule": "at(2020-01-01T00:00:00)"},
        {"StartTime": datetime(2020, 1, 1, tzinfo=UTC)},
        {"EndTime": datetime(2020, 1, 1, tzinfo=UTC)},
    ):
        refused("ValidationException", put, **VARIANT, **ACTION | past)
    future = {"Schedule": "at(2099-01-01T00:00:00)", "StartTime": datetime(2098, 1, 1, tzinfo=UTC)}
    put(**VARIANT, **ACTION | future)


def test_a_step_policy_shows_the_alarms_that_have_it_for_an_action(account: Account) -> None:
    policy = {"PolicyName": "steps", "PolicyType": "StepScaling", "StepScalingPolicyConfiguration": {}}
    account.seed(endpoints=[{"name": "e", "autoscaling": [{"policies": [policy | {"alarms": ["busy"]}]}]}])
    shown = account.autoscaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"][0]
    assert [alarm["AlarmName"] for alarm in shown["Alarms"]] == ["busy"]
    account.autoscaling.delete_scaling_policy(**VARIANT, PolicyName="steps")
    account.autoscaling.put_scaling_policy(**VARIANT, **policy)
    shown = account.autoscaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"][0]
    assert shown["Alarms"] == []
    assert account.cloudwatch.describe_alarms(AlarmNames=["busy"])["MetricAlarms"]


def test_the_services_own_role_is_used_whatever_is_asked_for(account: Account) -> None:
    account.seed(endpoints=[{"name": "e", "autoscaling": [{"role": "arn:aws:iam::1:role/old"}]}])
    target = account.autoscaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"][0]
    assert target["RoleARN"] == "arn:aws:iam::1:role/old"
    account.autoscaling.deregister_scalable_target(**VARIANT)
    register = {"MinCapacity": 1, "MaxCapacity": 2, "RoleARN": "arn:aws:iam::1:role/new"}
    account.autoscaling.register_scalable_target(**VARIANT, **register)
    target = account.autoscaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"][0]
    assert target["RoleARN"].endswith("/AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint")


def instances(account: Account, count: int | None = None) -> int:
    """The instances of the variant, which a person sets first where there is a count."""
    if count is not None:
        desired = [{"VariantName": "AllTraffic", "DesiredInstanceCount": count}]
        update = account.sagemaker.update_endpoint_weights_and_capacities
        update(EndpointName="e", DesiredWeightsAndCapacities=desired)
    account.advance(1001)
    (variant,) = account.sagemaker.describe_endpoint(EndpointName="e")["ProductionVariants"]
    return variant["CurrentInstanceCount"]


def scale(account: Account, **how: Any) -> int:
    return account.control("POST", "scaling", {"resource": VARIANT["ResourceId"], **how})["capacity"]


def test_an_alarm_moves_the_capacity_within_the_range_unless_that_is_suspended(account: Account) -> None:
    account.seed(endpoints=[{"name": "e", "autoscaling": [{"min": 2, "max": 4}]}])
    assert (scale(account, by=1), instances(account)) == (2, 2)
    assert (scale(account, by=9), instances(account)) == (4, 4)
    account.autoscaling.register_scalable_target(**VARIANT, SuspendedState={"DynamicScalingInSuspended": True})
    assert (scale(account, by=-1), instances(account)) == (4, 4)
    account.autoscaling.register_scalable_target(
        **VARIANT, SuspendedState={"DynamicScalingInSuspended": False, "DynamicScalingOutSuspended": True}
    )
    assert (scale(account, by=-1), instances(account)) == (3, 3)
    assert (scale(account, by=1), instances(account)) == (3, 3)


def test_a_scheduled_action_that_is_due_sets_the_range_unless_it_is_suspended(account: Account) -> None:
    account.seed(endpoints=[{"name": "e", "autoscaling": [{"scheduled_actions": [ACTION]}]}])
    assert (scale(account, action="a"), instances(account)) == (2, 2)
    target = account.autoscaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"][0]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (2, 2)
    suspended = {"ScheduledScalingSuspended": True}
    account.autoscaling.register_scalable_target(**VARIANT, MinCapacity=1, SuspendedState=suspended)
    assert instances(account, 1) == 1
    assert (scale(account, action="a"), instances(account)) == (1, 1)


def test_what_no_target_scales_cannot_be_scaled(account: Account) -> None:
    with pytest.raises(ValueError, match="0 scalable targets of endpoint/e/variant/AllTraffic"):
        scale(account, by=1)
