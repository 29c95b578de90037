"""The account refuses what AWS refuses, and behaves as AWS behaves: one test per rule."""

from __future__ import annotations

import base64
import itertools
import json
import time
import urllib.request
import zlib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from .conftest import HERE, Account, refused

DEMO = json.loads((HERE / "demo_project.json").read_text())
WEIGHTS = {"DesiredWeightsAndCapacities": [{"VariantName": "AllTraffic", "DesiredWeight": 3.0}]}
CAPACITY = {"DesiredWeightsAndCapacities": [{"VariantName": "AllTraffic", "DesiredInstanceCount": 2}]}
VARIANT = {"ServiceNamespace": "sagemaker", "ResourceId": "endpoint/e/variant/AllTraffic",
           "ScalableDimension": "sagemaker:variant:DesiredInstanceCount"}  # fmt: skip
TRACKING = {
    "PolicyName": "p",
    "PolicyType": "TargetTrackingScaling",
    "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 70.0},
}
# What the Rust SDK treats as throttling, of the codes in use here:
# https://docs.rs/aws-runtime/latest/aws_runtime/retries/classifiers/constant.THROTTLING_ERRORS.html
THROTTLING_CODES = {"Throttling", "ThrottlingException", "ThrottledException", "TooManyRequestsException",
                    "LimitExceededException", "RequestThrottled", "SlowDown"}  # fmt: skip
ACTION = {"ScheduledActionName": "a", "Schedule": "cron(0 8 * * ? *)", "ScalableTargetAction": {"MinCapacity": 2}}


def status(account: Account, name: str = "e") -> str:
    return account.sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"]


class TestSageMaker:
    def test_an_endpoint_is_creating_before_it_is_in_service(self, account: Account) -> None:
        account.seed(endpoints=[{"name": "e"}])
        account.sagemaker.create_endpoint(EndpointName="new", EndpointConfigName="e-config")
        assert status(account, "new") == "Creating"
        account.advance(1001)
        described = account.sagemaker.describe_endpoint(EndpointName="new")
        assert described["EndpointStatus"] == "InService"
        assert described["ProductionVariants"][0]["CurrentInstanceCount"] == 1

    def test_a_deleted_endpoint_keeps_its_name_until_it_is_gone(self, account: Account) -> None:
        account.seed(endpoints=[{"name": "E", "tags": {"k": "v"}}])
        account.sagemaker.delete_endpoint(EndpointName="E")
        assert status(account, "E") == "Deleting"
        again = {"EndpointName": "e", "EndpointConfigName": "E-config"}
        message = refused("ValidationException", account.sagemaker.create_endpoint, **again)
        assert (
            message == f'Cannot create already existing endpoint "arn:aws:sagemaker:us-east-1:{account.id}:endpoint/e".'
        )
        account.advance(1001)
        message = refused("ValidationException", account.sagemaker.describe_endpoint, EndpointName="E")
        assert message == f'Could not find endpoint "arn:aws:sagemaker:us-east-1:{account.id}:endpoint/e".'
        arn = account.sagemaker.create_endpoint(**again)["EndpointArn"]
        assert account.sagemaker.list_tags(ResourceArn=arn)["Tags"] == []

    def test_an_endpoint_in_progress_cannot_be_deleted_or_updated(self, account: Account) -> None:
        account.seed(endpoints=[{"name": "e"}])
        account.sagemaker.update_endpoint_weights_and_capacities(EndpointName="e", **WEIGHTS)
        assert status(account) == "Updating"
        arn = f"arn:aws:sagemaker:us-east-1:{account.id}:endpoint/e"
        message = refused("ValidationException", account.sagemaker.delete_endpoint, EndpointName="e")
        assert message == f'Cannot update in-progress endpoint "{arn}".'
        refused(
            "ValidationException", account.sagemaker.update_endpoint, EndpointName="e", EndpointConfigName="e-config"
        )

    def test_weights_and_counts_arrive_after_updating(self, account: Account) -> None:
        account.seed(endpoints=[{"name": "e"}])
        update = account.sagemaker.update_endpoint_weights_and_capacities
        update(EndpointName="e", **CAPACITY)
        variant = account.sagemaker.describe_endpoint(EndpointName="e")["ProductionVariants"][0]
        assert (variant["CurrentInstanceCount"], variant["DesiredInstanceCount"]) == (1, 2)
        account.advance(1001)
        update(EndpointName="e", **WEIGHTS)
        account.advance(1001)
        variant = account.sagemaker.describe_endpoint(EndpointName="e")["ProductionVariants"][0]
        assert (variant["CurrentInstanceCount"], variant["CurrentWeight"]) == (2, 3.0)

    def test_an_update_sets_the_capacity_of_one_variant_or_the_weights_of_any(self, account: Account) -> None:
        account.seed(endpoints=[{"name": "e", "variants": [{"name": "a"}, {"name": "b"}]}])
        update = account.sagemaker.update_endpoint_weights_and_capacities
        count = [{"VariantName": name, "DesiredInstanceCount": 2} for name in "ab"]
        weight = [{"VariantName": name, "DesiredWeight": 2.0} for name in "ab"]
        for mixed in (count, [weight[0], count[1]], [weight[0] | count[0]]):
            refused("ValidationException", update, EndpointName="e", DesiredWeightsAndCapacities=mixed)
        update(EndpointName="e", DesiredWeightsAndCapacities=weight)
        account.advance(1001)
        update(EndpointName="e", DesiredWeightsAndCapacities=count[:1])
        account.advance(1001)
        variants = account.sagemaker.describe_endpoint(EndpointName="e")["ProductionVariants"]
        assert [(v["CurrentInstanceCount"], v["CurrentWeight"]) for v in variants] == [(2, 2.0), (1, 2.0)]

    def test_serverless_concurrency_is_updated_at_run_time(self, account: Account) -> None:
        serverless = {"MemorySizeInMB": 2048, "MaxConcurrency": 5, "ProvisionedConcurrency": 2}
        account.seed(endpoints=[{"name": "e", "variants": [{"serverless": serverless}]}])
        desired = {"VariantName": "AllTraffic", "ServerlessUpdateConfig": {"ProvisionedConcurrency": 4}}
        account.sagemaker.update_endpoint_weights_and_capacities(
            EndpointName="e", DesiredWeightsAndCapacities=[desired]
        )
        account.advance(1001)
        variant = account.sagemaker.describe_endpoint(EndpointName="e")["ProductionVariants"][0]
        assert variant["CurrentServerlessConfig"] == serverless | {"ProvisionedConcurrency": 4}

    def test_an_update_without_capacity_is_rolled_back_with_its_reason(self, account: Account) -> None:
        account.seed(endpoints=[{"name": "e"}])
        account.control("POST", "capacity", {"endpoint": "e", "failures": 1})
        update = account.sagemaker.update_endpoint_weights_and_capacities
        for count in (1, 2):
            update(EndpointName="e", **CAPACITY)
            account.advance(1001)
            described = account.sagemaker.describe_endpoint(EndpointName="e")
            assert described["EndpointStatus"] == "InService"
            assert described["ProductionVariants"][0]["CurrentInstanceCount"] == count
            assert ("InsufficientInstanceCapacity" in described.get("FailureReason", "")) == (count == 1)

    def test_an_endpoint_runs_its_old_config_until_an_update_is_over(self, account: Account) -> None:
        account.seed(endpoints=[{"name": "e"}, {"name": "other"}])
        account.sagemaker.update_endpoint(EndpointName="e", EndpointConfigName="other-config")
        described = account.sagemaker.describe_endpoint(EndpointName="e")
        assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("Updating", "e-config")
        assert described["PendingDeploymentSummary"]["EndpointConfigName"] == "other-config"
        account.advance(1001)
        described = account.sagemaker.describe_endpoint(EndpointName="e")
        assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("InService", "other-config")
        assert "PendingDeploymentSummary" not in described

    def test_an_endpoint_whose_rollback_alarm_is_missing_cannot_be_created(self, account: Account) -> None:
        config = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "errors"}]}}
        account.seed(endpoints=[{"name": "e"}])
        new = {"EndpointName": "new", "EndpointConfigName": "e-config", "DeploymentConfig": config}
        assert "errors" in refused("ValidationException", account.sagemaker.create_endpoint, **new)
        account.seed(alarms=[{"name": "errors"}])
        account.sagemaker.create_endpoint(**new)

    def test_a_deletion_may_be_shown_late(self, account: Account) -> None:
        account.seed(endpoints=[{"name": "e"}])
        account.settings(stale_seconds=10)
        account.sagemaker.delete_endpoint(EndpointName="e")
        listed = account.sagemaker.list_endpoints
        assert (status(account), listed()["Endpoints"][0]["EndpointStatus"]) == ("InService", "InService")
        assert "in-progress" in refused("ValidationException", account.sagemaker.delete_endpoint, EndpointName="e")
        account.advance(11)
        assert (status(account), listed()["Endpoints"][0]["EndpointStatus"]) == ("Deleting", "Deleting")

    def test_an_endpoint_without_configuration_or_model_cannot_be_created(self, account: Account) -> None:
        account.seed(endpoints=[{"name": "e"}])
        new = {"EndpointName": "new", "EndpointConfigName": "e-config"}
        account.sagemaker.delete_model(ModelName="e-model")
        assert "Could not find model" in refused("ValidationException", account.sagemaker.create_endpoint, **new)
        account.sagemaker.delete_endpoint_config(EndpointConfigName="e-config")
        message = refused("ValidationException", account.sagemaker.create_endpoint, **new)
        assert message.startswith("Could not find endpoint configuration")
        assert status(account) == "InService"

    def test_without_capacity_an_endpoint_fails_and_can_only_be_deleted(self, account: Account) -> None:
        account.seed(endpoints=[{"name": "e"}])
        account.control("POST", "capacity", {"endpoint": "new", "failures": 1})
        account.sagemaker.create_endpoint(EndpointName="new", EndpointConfigName="e-config")
        account.advance(1001)
        described = account.sagemaker.describe_endpoint(EndpointName="new")
        assert described["EndpointStatus"] == "Failed"
        assert "InsufficientInstanceCapacity" in described["FailureReason"]
        refused(
            "ValidationException",
            account.sagemaker.update_endpoint_weights_and_capacities,
            EndpointName="new",
            **WEIGHTS,
        )
        account.sagemaker.delete_endpoint(EndpointName="new")
        account.advance(1001)
        account.sagemaker.create_endpoint(EndpointName="new", EndpointConfigName="e-config")
        account.advance(1001)
        assert status(account, "new") == "InService"

    def test_a_status_can_be_set_by_hand(self, account: Account) -> None:
        account.seed(endpoints=[{"name": "e"}])
        account.control("PUT", "endpoints/e/status", {"status": "SystemUpdating"})
        refused("ValidationException", account.sagemaker.delete_endpoint, EndpointName="e")

    def test_endpoints_are_listed_in_pages_by_name_and_status(self, account: Account) -> None:
        account.seed(endpoints=[{"name": f"e{n}", "config": "c", "model": "m"} for n in range(5)] + [{"name": "other"}])
        account.sagemaker.delete_endpoint(EndpointName="e3")
        pages = account.sagemaker.get_paginator("list_endpoints").paginate(
            NameContains="E", StatusEquals="InService", PaginationConfig={"PageSize": 2}
        )
        found = [[endpoint["EndpointName"] for endpoint in page["Endpoints"]] for page in pages]
        assert [len(names) for names in found] == [2, 2, 1]
        assert sorted(itertools.chain(*found)) == ["e0", "e1", "e2", "e4", "other"]

    def test_aws_tags_cannot_be_written(self, account: Account) -> None:
        account.seed(endpoints=[{"name": "e", "tags": {"aws:cloudformation:stack-name": "s"}}])
        arn = account.sagemaker.describe_endpoint(EndpointName="e")["EndpointArn"]
        tags = account.sagemaker.list_tags(ResourceArn=arn)["Tags"]
        assert tags == [{"Key": "aws:cloudformation:stack-name", "Value": "s"}]
        refused("ValidationException", account.sagemaker.add_tags, ResourceArn=arn, Tags=tags)

    def test_the_deployment_config_and_the_running_counts_are_shown(self, account: Account) -> None:
        config = {
            "RollingUpdatePolicy": {
                "MaximumBatchSize": {"Type": "INSTANCE_COUNT", "Value": 1},
                "WaitIntervalInSeconds": 60,
            }
        }
        variants = [{"name": "a", "current_instance_count": 3}, {"name": "b", "current_weight": 0.25}]
        account.seed(endpoints=[{"name": "e", "variants": variants, "deployment_config": config}])
        described = account.sagemaker.describe_endpoint(EndpointName="e")
        assert described["LastDeploymentConfig"] == config
        assert [v["CurrentInstanceCount"] for v in described["ProductionVariants"]] == [3, 1]
        assert [v["CurrentWeight"] for v in described["ProductionVariants"]] == [1.0, 0.25]

    def test_inference_components_are_listed(self, account: Account) -> None:
        account.seed(endpoints=[{"name": "e", "inference_components": ["c"]}, {"name": "f"}])
        listed = account.sagemaker.list_inference_components
        assert [c["InferenceComponentName"] for c in listed(EndpointNameEquals="e")["InferenceComponents"]] == ["c"]
        assert listed(EndpointNameEquals="f")["InferenceComponents"] == []


class TestAutoScaling:
    def test_deleting_an_endpoint_deregisters_its_targets_with_policies_and_actions(self, account: Account) -> None:
        account.seed(
            endpoints=[{"name": "e", "autoscaling": [{"policies": [TRACKING], "scheduled_actions": [ACTION]}]}]
        )
        scaling, namespace = account.autoscaling, {"ServiceNamespace": "sagemaker"}
        assert len(scaling.describe_scalable_targets(**namespace)["ScalableTargets"]) == 1
        assert len(scaling.describe_scaling_policies(**namespace)["ScalingPolicies"][0]["Alarms"]) == 2
        assert len(scaling.describe_scheduled_actions(**namespace)["ScheduledActions"]) == 1
        assert (
            len(account.cloudwatch.describe_alarms(AlarmNamePrefix="TargetTracking-endpoint/e/")["MetricAlarms"]) == 2
        )
        account.sagemaker.delete_endpoint(EndpointName="e")
        assert scaling.describe_scalable_targets(**namespace)["ScalableTargets"] == []
        assert scaling.describe_scaling_policies(**namespace)["ScalingPolicies"] == []
        assert scaling.describe_scheduled_actions(**namespace)["ScheduledActions"] == []
        assert account.cloudwatch.describe_alarms()["MetricAlarms"] == []

    def test_only_a_variant_in_service_can_be_registered(self, account: Account) -> None:
        account.seed(endpoints=[{"name": "old", "config": "c"}])
        register = {**VARIANT, "MinCapacity": 1, "MaxCapacity": 2}
        refused("ValidationException", account.autoscaling.register_scalable_target, **register)
        account.sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="c")
        refused("ValidationException", account.autoscaling.register_scalable_target, **register)
        account.advance(1001)
        account.autoscaling.register_scalable_target(**register)

    def test_policies_and_actions_need_a_registered_target(self, account: Account) -> None:
        refused("ObjectNotFoundException", account.autoscaling.put_scaling_policy, **VARIANT, **TRACKING)
        refused("ObjectNotFoundException", account.autoscaling.put_scheduled_action, **VARIANT, **ACTION)

    def test_the_suspended_state_is_kept(self, account: Account) -> None:
        account.seed(endpoints=[{"name": "e", "autoscaling": [{"suspended": {"DynamicScalingInSuspended": True}}]}])
        account.autoscaling.register_scalable_target(**VARIANT, MaxCapacity=5)
        target = account.autoscaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"][0]
        assert (target["MinCapacity"], target["MaxCapacity"]) == (1, 5)
        assert target["SuspendedState"] == {
            "DynamicScalingInSuspended": True,
            "DynamicScalingOutSuspended": False,
            "ScheduledScalingSuspended": False,
        }


def scale(account: Account, target: int, stream: str = "s") -> dict:
    return {"StreamName": stream, "TargetShardCount": target, "ScalingType": "UNIFORM_SCALING"}

    def test_tags_of_a_target_are_set_when_it_is_registered_and_change_by_tag_resource(self, account: Account) -> None:
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

    def test_an_action_in_the_past_is_refused(self, account: Account) -> None:
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

    def test_a_step_policy_shows_the_alarms_that_have_it_for_an_action(self, account: Account) -> None:
        policy = {"PolicyName": "steps", "PolicyType": "StepScaling", "StepScalingPolicyConfiguration": {}}
        account.seed(endpoints=[{"name": "e", "autoscaling": [{"policies": [policy | {"alarms": ["busy"]}]}]}])
        shown = account.autoscaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"][0]
        assert [alarm["AlarmName"] for alarm in shown["Alarms"]] == ["busy"]
        account.autoscaling.delete_scaling_policy(**VARIANT, PolicyName="steps")
        account.autoscaling.put_scaling_policy(**VARIANT, **policy)
        shown = account.autoscaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"][0]
        assert shown["Alarms"] == []
        assert account.cloudwatch.describe_alarms(AlarmNames=["busy"])["MetricAlarms"]

    def test_the_services_own_role_is_used_whatever_is_asked_for(self, account: Account) -> None:
        account.seed(endpoints=[{"name": "e", "autoscaling": [{"role": "arn:aws:iam::1:role/old"}]}])
        target = account.autoscaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"][0]
        assert target["RoleARN"] == "arn:aws:iam::1:role/old"
        account.autoscaling.deregister_scalable_target(**VARIANT)
        register = {"MinCapacity": 1, "MaxCapacity": 2, "RoleARN": "arn:aws:iam::1:role/new"}
        account.autoscaling.register_scalable_target(**VARIANT, **register)
        target = account.autoscaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"][0]
        assert target["RoleARN"].endswith("/AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint")


class TestKinesis:
    def test_scaling_shows_the_old_count_until_it_is_done(self, account: Account) -> None:
        account.seed(streams=[{"name": "s", "shards": 4}])
        account.kinesis.update_shard_count(**scale(account, 2))
        summary = account.kinesis.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]
        assert (summary["StreamStatus"], summary["OpenShardCount"]) == ("UPDATING", 4)
        account.advance(1001)
        summary = account.kinesis.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]
        assert (summary["StreamStatus"], summary["OpenShardCount"]) == ("ACTIVE", 2)

    def test_a_stream_that_is_not_active_cannot_be_scaled(self, account: Account) -> None:
        account.seed(streams=[{"name": "s", "shards": 4}])
        account.kinesis.update_shard_count(**scale(account, 2))
        refused("ResourceInUseException", account.kinesis.update_shard_count, **scale(account, 4))

    def test_an_on_demand_stream_cannot_be_scaled(self, account: Account) -> None:
        account.seed(streams=[{"name": "s", "mode": "ON_DEMAND"}])
        refused("ValidationException", account.kinesis.update_shard_count, **scale(account, 2))

    @pytest.mark.parametrize(("shards", "target"), [(4, 1), (5, 2), (4, 9)])
    def test_a_stream_scales_to_half_rounded_up_or_double_at_most(
        self, account: Account, shards: int, target: int
    ) -> None:
        account.seed(streams=[{"name": "s", "shards": shards}])
        refused("InvalidArgumentException", account.kinesis.update_shard_count, **scale(account, target))

    @pytest.mark.parametrize("target", [3, 5, 8, 10])
    def test_an_odd_count_is_reached_exactly(self, account: Account, target: int) -> None:
        account.seed(streams=[{"name": "s", "shards": 5}])
        account.kinesis.update_shard_count(**scale(account, target))
        account.advance(1001)
        summary = account.kinesis.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]
        assert summary["OpenShardCount"] == target

    def test_ten_updates_in_any_24_hours_are_the_limit(self, account: Account) -> None:
        account.settings(scaling_seconds=0)
        account.seed(streams=[{"name": "s"}])
        account.control("POST", "streams/s", {"updates": 9, "seconds_ago": 3600})
        account.kinesis.update_shard_count(**scale(account, 2))
        refused("LimitExceededException", account.kinesis.update_shard_count, **scale(account, 1))
        account.advance(23 * 3600 + 1)
        account.kinesis.update_shard_count(**scale(account, 1))

    def test_the_shard_limit_holds_on_the_way_up(self, account: Account) -> None:
        account.settings(shard_limit=4)
        account.seed(streams=[{"name": "s", "shards": 2}, {"name": "other", "shards": 1}])
        refused("LimitExceededException", account.kinesis.update_shard_count, **scale(account, 4))
        account.kinesis.update_shard_count(**scale(account, 1))

    def test_a_missing_stream_is_not_found(self, account: Account) -> None:
        refused("ResourceNotFoundException", account.kinesis.describe_stream_summary, StreamName="s")

    def test_streams_are_listed_in_pages_with_mode_and_status(self, account: Account) -> None:
        account.seed(streams=[{"name": f"s{n}", "mode": "ON_DEMAND" if n == 2 else "PROVISIONED"} for n in range(3)])
        first = account.kinesis.list_streams(Limit=2)
        assert first["HasMoreStreams"]
        second = account.kinesis.list_streams(NextToken=first["NextToken"])
        assert [s["StreamModeDetails"]["StreamMode"] for s in second["StreamSummaries"]] == ["ON_DEMAND"]
        assert account.kinesis.list_streams(ExclusiveStartStreamName="s1")["StreamNames"] == ["s2"]

    def test_tags_retention_and_consumers_are_shown(self, account: Account) -> None:
        account.seed(streams=[{"name": "s", "retention_hours": 48, "tags": {"a": "1", "b": "2"}, "consumers": ["c"]}])
        summary = account.kinesis.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]
        assert (summary["RetentionPeriodHours"], summary["ConsumerCount"]) == (48, 1)
        tags = account.kinesis.list_tags_for_stream(StreamName="s", Limit=1)
        assert (tags["Tags"], tags["HasMoreTags"]) == ([{"Key": "a", "Value": "1"}], True)
        tags = account.kinesis.list_tags_for_stream(StreamName="s", ExclusiveStartTagKey="a")
        assert tags["Tags"] == [{"Key": "b", "Value": "2"}]
        assert len(account.kinesis.list_tags_for_resource(ResourceARN=summary["StreamARN"])["Tags"]) == 2
        consumers = account.kinesis.list_stream_consumers(StreamARN=summary["StreamARN"])["Consumers"]
        assert [consumer["ConsumerName"] for consumer in consumers] == ["c"]


class TestCloudWatch:
    def test_without_types_only_metric_alarms_come_back(self, account: Account) -> None:
        account.seed(alarms=[{"name": "m"}, {"name": "c", "composite": "ALARM(m)"}])
        answer = account.cloudwatch.describe_alarms()
        assert ([a["AlarmName"] for a in answer["MetricAlarms"]], answer["CompositeAlarms"]) == (["m"], [])
        answer = account.cloudwatch.describe_alarms(AlarmTypes=["CompositeAlarm"])
        assert ([a["AlarmRule"] for a in answer["CompositeAlarms"]], answer["MetricAlarms"]) == (["ALARM(m)"], [])

    def test_actions_of_both_kinds_are_switched_and_unknown_names_passed_over(self, account: Account) -> None:
        account.seed(alarms=[{"name": "m"}, {"name": "c", "composite": "ALARM(m)"}])
        account.cloudwatch.disable_alarm_actions(AlarmNames=["m", "c", "unknown"])
        answer = account.cloudwatch.describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
        assert not answer["MetricAlarms"][0]["ActionsEnabled"] and not answer["CompositeAlarms"][0]["ActionsEnabled"]
        account.cloudwatch.enable_alarm_actions(AlarmNames=["c"])
        answer = account.cloudwatch.describe_alarms(AlarmNames=["c", "m"], AlarmTypes=["CompositeAlarm"])
        assert answer["CompositeAlarms"][0]["ActionsEnabled"]

    def test_log_alarms_are_listed_and_switched_like_the_others(self, account: Account) -> None:
        account.seed(alarms=[{"name": "l", "log": "/aws/lambda/work"}, {"name": "m"}])
        account.cloudwatch.disable_alarm_actions(AlarmNames=["l"])
        answer = account.cloudwatch.describe_alarms(AlarmTypes=["LogAlarm"])
        shown = [(alarm["AlarmName"], alarm["ActionsEnabled"]) for alarm in answer["LogAlarms"]]
        assert (shown, answer["MetricAlarms"]) == ([("l", False)], [])

    def test_more_than_100_names_are_refused(self, account: Account) -> None:
        names = {"AlarmNames": [str(n) for n in range(101)]}
        refused("ValidationError", account.cloudwatch.disable_alarm_actions, **names)
        refused("ValidationError", account.cloudwatch.enable_alarm_actions, **names)
        refused("ValidationError", account.cloudwatch.describe_alarms, **names)

    def test_alarms_are_listed_in_pages(self, account: Account) -> None:
        account.seed(alarms=[{"name": f"a{n:03d}"} for n in range(150)])
        first = account.cloudwatch.describe_alarms(MaxRecords=100)
        second = account.cloudwatch.describe_alarms(MaxRecords=100, NextToken=first["NextToken"])
        assert (len(first["MetricAlarms"]), len(second["MetricAlarms"])) == (100, 50)
        assert "NextToken" not in second

    def test_an_alarm_comes_back_as_it_was_put(self, account: Account) -> None:
        alarm = {
            "AlarmName": "a", "Namespace": "N", "MetricName": "M", "Period": 60, "EvaluationPeriods": 2, "Threshold": 5.0,
            "ComparisonOperator": "GreaterThanThreshold", "Statistic": "Sum", "ActionsEnabled": False,
            "Dimensions": [{"Name": "d", "Value": "v"}], "AlarmActions": ["arn:aws:sns:us-east-1:1:t"],
        }  # fmt: skip
        account.cloudwatch.put_metric_alarm(**alarm, Tags=[{"Key": "k", "Value": "v"}])
        described = account.cloudwatch.describe_alarms(AlarmNames=["a"])["MetricAlarms"][0]
        assert alarm.items() <= described.items()
        tags = account.cloudwatch.list_tags_for_resource(ResourceARN=described["AlarmArn"])["Tags"]
        assert tags == [{"Key": "k", "Value": "v"}]


class TestLambda:
    def test_an_unreserved_function_has_no_reserved_concurrency_at_all(self, account: Account) -> None:
        account.seed(functions=[{"name": "f"}, {"name": "zero", "reserved": 0}])
        assert "ReservedConcurrentExecutions" not in account.lambda_.get_function_concurrency(FunctionName="f")
        assert account.lambda_.get_function_concurrency(FunctionName="zero")["ReservedConcurrentExecutions"] == 0
        account.lambda_.delete_function_concurrency(FunctionName="zero")
        assert "ReservedConcurrentExecutions" not in account.lambda_.get_function_concurrency(FunctionName="zero")
        assert "Concurrency" not in account.lambda_.get_function(FunctionName="zero")

    def test_reserving_must_leave_the_account_its_minimum(self, account: Account) -> None:
        account.settings(account_concurrency=150)
        account.seed(functions=[{"name": "f"}, {"name": "g", "reserved": 30}])
        put = account.lambda_.put_function_concurrency
        message = refused("InvalidParameterValueException", put, FunctionName="f", ReservedConcurrentExecutions=21)
        assert message.endswith("below its minimum value of [100].")
        put(FunctionName="f", ReservedConcurrentExecutions=20)
        put(FunctionName="g", ReservedConcurrentExecutions=0)
        assert account.lambda_.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"] == 130

    def test_provisioned_concurrency_bounds_the_reserved_one(self, account: Account) -> None:
        function = {"name": "f", "reserved": 2, "versions": 1, "aliases": {"live": "1"}, "provisioned": {"live": 2}}
        account.seed(functions=[function])
        client = account.lambda_
        message = refused(
            "InvalidParameterValueException",
            client.put_function_concurrency,
            FunctionName="f",
            ReservedConcurrentExecutions=0,
        )
        assert message == (
            "ReservedConcurrentExecutions 0 should not be lower than function's total provisioned concurrency [2]."
        )
        refused(
            "InvalidParameterValueException", client.put_provisioned_concurrency_config,
            FunctionName="f", Qualifier="1", ProvisionedConcurrentExecutions=1,
        )  # fmt: skip
        client.delete_provisioned_concurrency_config(FunctionName="f", Qualifier="live")
        client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=0)

    def test_a_lambda_at_edge_replica_names_its_master_where_functions_are_listed(self, account: Account) -> None:
        master = f"arn:aws:lambda:us-east-1:{account.id}:function:main"
        account.seed(functions=[{"name": "main"}, {"name": "us-east-1.main", "master_arn": master}])
        listed = {f["FunctionName"]: f.get("MasterArn") for f in account.lambda_.list_functions()["Functions"]}
        assert listed == {"main": None, "us-east-1.main": master}

    def test_a_version_keeps_the_memory_that_it_was_published_with(self, account: Account) -> None:
        account.seed(functions=[{"name": "f", "memory": 128, "versions": 1, "aliases": {"live": "1"}}])
        account.lambda_.update_function_configuration(FunctionName="f", MemorySize=1024)
        for qualifier, memory in (("live", 128), ("1", 128), ("$LATEST", 1024)):
            told = account.lambda_.get_function_configuration(FunctionName="f", Qualifier=qualifier)
            assert told["MemorySize"] == memory, qualifier

    def test_a_scalable_target_outlives_the_provisioned_concurrency_that_it_scales(self, account: Account) -> None:
        function = {"name": "f", "versions": 1, "aliases": {"live": "1"}, "provisioned": {"live": 2}}
        account.seed(functions=[function])
        target = {
            "ServiceNamespace": "lambda", "ResourceId": "function:f:live",
            "ScalableDimension": "lambda:function:ProvisionedConcurrency",
        }  # fmt: skip
        account.autoscaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=5)
        account.lambda_.delete_provisioned_concurrency_config(FunctionName="f", Qualifier="live")
        found = account.autoscaling.describe_scalable_targets(ServiceNamespace="lambda")["ScalableTargets"]
        assert [t["ResourceId"] for t in found] == ["function:f:live"]

    def test_provisioned_concurrency_of_an_alias_that_is_not_there_is_not_found(self, account: Account) -> None:
        account.seed(functions=[{"name": "f", "versions": 1, "aliases": {"live": "1"}}])
        account.lambda_.delete_alias(FunctionName="f", Name="live")
        config = {"FunctionName": "f", "Qualifier": "live", "ProvisionedConcurrentExecutions": 2}
        refused("ResourceNotFoundException", account.lambda_.put_provisioned_concurrency_config, **config)

    def test_provisioned_concurrency_is_in_progress_before_it_is_ready(self, account: Account) -> None:
        account.seed(functions=[{"name": "f", "versions": 1, "aliases": {"live": "1"}}])
        config = {"FunctionName": "f", "Qualifier": "live"}
        client = account.lambda_
        missing = "ProvisionedConcurrencyConfigNotFoundException"
        refused(missing, client.get_provisioned_concurrency_config, **config)
        client.put_provisioned_concurrency_config(**config, ProvisionedConcurrentExecutions=3)
        assert client.get_provisioned_concurrency_config(**config)["Status"] == "IN_PROGRESS"
        account.advance(1001)
        listed = client.list_provisioned_concurrency_configs(FunctionName="f")["ProvisionedConcurrencyConfigs"]
        assert [(c["Status"], c["FunctionArn"].split(":")[-1]) for c in listed] == [("READY", "live")]
        for qualifier, code in (("$LATEST", "InvalidParameterValueException"), ("9", "ResourceNotFoundException")):
            config["Qualifier"] = qualifier
            refused(code, client.put_provisioned_concurrency_config, **config, ProvisionedConcurrentExecutions=1)

    def test_a_mapping_in_transition_cannot_be_updated(self, account: Account) -> None:
        account.seed(streams=[{"name": "s"}], functions=[{"name": "f", "mappings": [{"stream": "s"}]}])
        client = account.lambda_
        mapping = client.list_event_source_mappings(FunctionName="f")["EventSourceMappings"][0]
        assert mapping["State"] == "Enabled"
        change = {"UUID": mapping["UUID"], "Enabled": False}
        assert client.update_event_source_mapping(**change)["State"] == "Disabling"
        refused("ResourceInUseException", client.update_event_source_mapping, **change)
        account.advance(1001)
        assert client.get_event_source_mapping(UUID=mapping["UUID"])["State"] == "Disabled"
        assert client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)["State"] == "Enabling"

    def test_mappings_of_streams_queues_and_tables_are_listed_by_function(self, account: Account) -> None:
        mappings = [{"stream": "s"}, {"queue": "q", "enabled": False}, {"table": "t"}]
        account.seed(
            streams=[{"name": "s"}], queues=["q"], tables=[{"name": "t"}],
            functions=[{"name": "f", "mappings": mappings}, {"name": "g", "mappings": [{"queue": "q"}]}],
        )  # fmt: skip
        listed = account.lambda_.list_event_source_mappings(FunctionName="f")["EventSourceMappings"]
        assert [m["State"] for m in listed] == ["Enabled", "Disabled", "Enabled"]
        queue = f"arn:aws:sqs:us-east-1:{account.id}:q"
        assert len(account.lambda_.list_event_source_mappings(EventSourceArn=queue)["EventSourceMappings"]) == 2

    def test_functions_are_listed_in_pages_of_50(self, account: Account) -> None:
        account.seed(functions=[{"name": f"f{n:02d}"} for n in range(60)])
        first = account.lambda_.list_functions(MaxItems=1000)
        second = account.lambda_.list_functions(Marker=first["NextMarker"])
        assert (len(first["Functions"]), len(second["Functions"])) == (50, 10)

    def test_destinations_of_failed_events_are_shown(self, account: Account) -> None:
        queue = f"arn:aws:sqs:us-east-1:{account.id}:q"
        account.seed(
            functions=[{"name": "f", "dead_letter": queue, "on_failure": queue, "tags": {"k": "v"}}, {"name": "g"}]
        )
        client = account.lambda_
        configs = client.list_function_event_invoke_configs(FunctionName="f")["FunctionEventInvokeConfigs"]
        assert configs[0]["DestinationConfig"]["OnFailure"]["Destination"] == queue
        assert configs[0]["LastModified"].tzinfo is not None
        refused("ResourceNotFoundException", client.get_function_event_invoke_config, FunctionName="g")
        assert client.list_functions()["Functions"][0]["DeadLetterConfig"] == {"TargetArn": queue}
        arn = client.get_function(FunctionName="f")["Configuration"]["FunctionArn"]
        assert client.list_tags(Resource=arn)["Tags"] == {"k": "v"}

    def test_a_missing_function_is_not_found(self, account: Account) -> None:
        refused("ResourceNotFoundException", account.lambda_.get_function_concurrency, FunctionName="f")
        refused("ResourceNotFoundException", account.lambda_.invoke, FunctionName="f")


class TestDynamoDB:
    def test_a_provisioned_table_has_no_billing_mode_summary(self, account: Account) -> None:
        indexes = [{"name": "i", "read": 2, "write": 1}]
        account.seed(
            tables=[{"name": "p", "billing": "PROVISIONED", "read": 7, "indexes": indexes}, {"name": "o", "items": 2}]
        )
        table = account.dynamodb.describe_table(TableName="p")["Table"]
        assert "BillingModeSummary" not in table
        assert table["ProvisionedThroughput"]["ReadCapacityUnits"] == 7
        assert table["GlobalSecondaryIndexes"][0]["ProvisionedThroughput"]["ReadCapacityUnits"] == 2
        table = account.dynamodb.describe_table(TableName="o")["Table"]
        assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
        assert (table["ProvisionedThroughput"]["ReadCapacityUnits"], table["ItemCount"]) == (0, 2)
        refused("ResourceNotFoundException", account.dynamodb.describe_table, TableName="none")

    def test_a_table_is_as_large_as_its_items(self, account: Account) -> None:
        account.seed(tables=[{"name": "t", "items": 3}, {"name": "empty"}])
        table = account.dynamodb.describe_table(TableName="t")["Table"]
        # "id" and a digit, three times.
        assert (table["ItemCount"], table["TableSizeBytes"]) == (3, 9)
        assert account.dynamodb.describe_table(TableName="empty")["Table"]["TableSizeBytes"] == 0


class TestS3:
    def test_if_none_match_refuses_to_overwrite(self, account: Account) -> None:
        account.seed(bucket="b-state")
        put = {"Bucket": "b-state", "Key": "k", "Body": b"{}", "IfNoneMatch": "*"}
        account.s3.put_object(**put)
        refused("PreconditionFailed", account.s3.put_object, **put)

    def test_if_match_refuses_another_version_and_a_missing_object(self, account: Account) -> None:
        account.seed(bucket="b-state")
        put = {"Bucket": "b-state", "Key": "k"}
        first = account.s3.put_object(**put, Body=b"1")["ETag"]
        second = account.s3.put_object(**put, Body=b"2", IfMatch=first)["ETag"]
        refused("PreconditionFailed", account.s3.put_object, **put, Body=b"3", IfMatch=first)
        account.s3.delete_object(**put)
        refused("NoSuchKey", account.s3.put_object, **put, Body=b"3", IfMatch=second)

    def test_versions_are_kept(self, account: Account) -> None:
        account.seed(bucket="b-state")
        version = account.s3.put_object(Bucket="b-state", Key="k", Body=b"old")["VersionId"]
        account.s3.put_object(Bucket="b-state", Key="k", Body=b"new")
        assert account.s3.get_object(Bucket="b-state", Key="k", VersionId=version)["Body"].read() == b"old"
        assert account.s3.get_object(Bucket="b-state", Key="k")["Body"].read() == b"new"

    def test_checksums_in_trailers_are_not_part_of_the_object(self, account: Account) -> None:
        account.seed(bucket="b-state")
        body = b'{"a": 1}'
        trailer = b"x-amz-checksum-crc32:" + base64.b64encode(zlib.crc32(body).to_bytes(4, "big"))
        chunked = b"%x\r\n%s\r\n0\r\n%s\r\n\r\n" % (len(body), body, trailer)
        headers = {
            "authorization": f"AWS4-HMAC-SHA256 Credential=AKIA{account.id}/20260101/us-east-1/s3/aws4_request, Signature=0",
            "content-encoding": "aws-chunked",
            "content-type": "application/octet-stream",
            "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
            "x-amz-decoded-content-length": str(len(body)),
            "x-amz-trailer": "x-amz-checksum-crc32",
        }
        url = f"{account.endpoint}/b-state/a%20b/c.json?x-id=PutObject"
        urllib.request.urlopen(urllib.request.Request(url, chunked, headers, method="PUT"), timeout=5).close()
        got = account.s3.get_object(Bucket="b-state", Key="a b/c.json", ChecksumMode="ENABLED")
        assert got["Body"].read() == body
        assert account.calls()[0]["resource"] == "b-state/a b/c.json"

    def test_bucket_names_of_two_accounts_do_not_meet(self, account: Account, endpoint: str, session: object) -> None:
        other = Account(endpoint, session)
        for each in (account, other):
            each.seed(bucket="same-name")
            each.s3.put_object(Bucket="same-name", Key="k", Body=each.id.encode())
        assert account.s3.get_object(Bucket="same-name", Key="k")["Body"].read() == account.id.encode()


class TestSns:
    def test_subscribers_get_the_text_of_their_protocol(self, account: Account) -> None:
        topic = account.seed(topic="t")["topic"]
        message = json.dumps({"default": '{"outcome": "ok"}', "email": "all is well"})
        account.sns.publish(TopicArn=topic, Subject="Stopped", MessageStructure="json", Message=message)
        delivered = {"topic": "t", "subject": "Stopped", "email": "all is well", "json": '{"outcome": "ok"}'}
        assert account.control("GET", "messages") == [delivered]
        for queue, text in (("t-email", "all is well"), ("t-json", '{"outcome": "ok"}')):
            url = account.sqs.get_queue_url(QueueName=queue)["QueueUrl"]
            assert [m["Body"] for m in account.sqs.receive_message(QueueUrl=url)["Messages"]] == [text]

    @pytest.mark.parametrize(
        "message",
        [
            {"Message": "{}", "MessageStructure": "json"},
            {"Message": "no json", "MessageStructure": "json"},
            {"Message": "x" * 262_145},
            {"Message": "x", "Subject": "x" * 100},
            {"Message": "x", "Subject": "two\nlines"},
            {"Message": "x", "Subject": "Größe"},
            {"Message": ""},
        ],
    )
    def test_what_sns_does_not_deliver_is_an_invalid_parameter(self, account: Account, message: dict) -> None:
        topic = account.seed(topic="t")["topic"]
        refused("InvalidParameter", account.sns.publish, TopicArn=topic, **message)
        assert account.control("GET", "messages") == []

    def test_the_largest_message_is_delivered(self, account: Account) -> None:
        topic = account.seed(topic="t")["topic"]
        account.sns.publish(TopicArn=topic, Message="x" * 262_144, Subject="x" * 99)
        assert len(account.control("GET", "messages")) == 1

    def test_a_missing_topic_is_not_found(self, account: Account) -> None:
        topic = f"arn:aws:sns:us-east-1:{account.id}:none"
        refused("NotFound", account.sns.publish, TopicArn=topic, Message="x")
        assert account.control("GET", "messages") == []


class TestTagging:
    def test_resources_of_all_kinds_are_found_by_all_their_tags(self, account: Account) -> None:
        tags = {"Project": "p", "Stage": "dev"}
        one = [{"name": "x", "tags": tags}, {"name": "y", "tags": {"Project": "p"}}]
        account.seed(**dict.fromkeys(("endpoints", "streams", "functions", "alarms", "tables"), one))
        find = account.resourcegroupstaggingapi.get_resources
        filters = [{"Key": "Project", "Values": ["p"]}, {"Key": "Stage", "Values": ["dev", "prod"]}]
        found = [r["ResourceARN"].split(":")[2] for r in find(TagFilters=filters)["ResourceTagMappingList"]]
        assert sorted(found) == ["cloudwatch", "dynamodb", "kinesis", "lambda", "sagemaker"]
        types = ["sagemaker:endpoint", "kinesis:stream", "cloudwatch:alarm", "lambda:function", "dynamodb:table"]
        for kind in types:
            assert len(find(TagFilters=filters, ResourceTypeFilters=[kind])["ResourceTagMappingList"]) == 1, kind

    def test_an_index_that_has_not_caught_up_finds_nothing(self, account: Account) -> None:
        account.seed(streams=[{"name": "s", "tags": {"team": "ml"}}])
        get = account.client("resourcegroupstaggingapi").get_resources
        assert len(get()["ResourceTagMappingList"]) == 1
        account.settings(tags_indexed=False)
        assert get()["ResourceTagMappingList"] == []

    def test_resources_come_in_pages(self, account: Account) -> None:
        account.seed(streams=[{"name": f"s{n}", "tags": {"k": "v"}} for n in range(5)])
        find = account.resourcegroupstaggingapi.get_resources
        first = find(ResourcesPerPage=3)
        second = find(ResourcesPerPage=3, PaginationToken=first["PaginationToken"])
        assert (len(first["ResourceTagMappingList"]), len(second["ResourceTagMappingList"])) == (3, 2)
        assert second["PaginationToken"] == ""
        refused("InvalidParameterException", find, ResourcesPerPage=101)

    def test_the_index_may_tell_of_what_was_deleted_or_untagged(self, account: Account) -> None:
        account.seed(streams=[{"name": "s"}])
        arns = [f"arn:aws:kinesis:us-east-1:{account.id}:stream/{name}" for name in ("gone", "s")]
        for arn in arns:
            account.control("POST", "tags", {"arn": arn, "tags": {"Project": "p"}})
        found = account.resourcegroupstaggingapi.get_resources(TagFilters=[{"Key": "Project", "Values": ["p"]}])
        assert [mapping["ResourceARN"] for mapping in found["ResourceTagMappingList"]] == arns
        assert account.kinesis.list_tags_for_stream(StreamName="s")["Tags"] == []


class TestControl:
    def test_calls_are_logged_in_order_with_resource_and_outcome(self, account: Account) -> None:
        account.seed(streams=[{"name": "s"}])
        account.kinesis.describe_stream_summary(StreamName="s")
        refused("ValidationError", account.cloudwatch.enable_alarm_actions, AlarmNames=["a"] * 101)
        refused("InvalidArgumentException", account.kinesis.update_shard_count, **scale(account, 9))
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
        self, account: Account, service: str, operation: str, params: dict
    ) -> None:
        account.fault(error={"status": 409, "code": "ConditionalRequestConflict", "message": "again"}, times=None)
        assert refused("ConditionalRequestConflict", getattr(getattr(account, service), operation), **params) == "again"
        account.control("DELETE", "faults")
        if not params:
            getattr(getattr(account, service), operation)()

    def test_a_fault_waits_for_its_call_and_ends(self, account: Account) -> None:
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
    def test_a_dropped_call_is_or_is_not_executed(self, account: Account, when: str, executed: bool) -> None:
        account.seed(functions=[{"name": "f"}])
        account.fault(service="lambda", operation="PutFunctionConcurrency", drop=when)
        with pytest.raises(BotoCoreError):
            account.lambda_.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=0)
        assert account.calls()[-1]["error"] == "Dropped"
        concurrency = account.lambda_.get_function_concurrency(FunctionName="f")
        assert ("ReservedConcurrentExecutions" in concurrency) == executed

    def test_latency_takes_its_time(self, account: Account) -> None:
        account.settings(latency_seconds=0.3)
        started = time.monotonic()
        account.kinesis.list_streams()
        assert time.monotonic() - started > 0.3

    def test_a_rate_that_is_exceeded_throttles(self, account: Account) -> None:
        account.control("PUT", "rates", {"lambda": 2, "cloudwatch.DescribeAlarms": 1})
        for _ in range(2):
            account.lambda_.list_functions()
        refused("TooManyRequestsException", account.lambda_.get_account_settings)
        account.cloudwatch.describe_alarms()
        refused("Throttling", account.cloudwatch.describe_alarms)
        account.cloudwatch.enable_alarm_actions(AlarmNames=[])

    @pytest.mark.parametrize(
        ("service", "operation", "params"),
        [
            ("autoscaling", "describe_scalable_targets", {"ServiceNamespace": "sagemaker"}),
            ("cloudwatch", "describe_alarms", {}),
            ("dynamodb", "list_tables", {}),
            ("kinesis", "list_streams", {}),
            ("lambda_", "list_functions", {}),
            ("pricing", "get_products", {"ServiceCode": "AmazonKinesis"}),
            ("resourcegroupstaggingapi", "get_resources", {}),
            ("s3", "list_buckets", {}),
            ("sagemaker", "list_endpoints", {}),
            ("sns", "list_topics", {}),
            ("sqs", "list_queues", {}),
        ],
    )
    def test_every_service_throttles_with_a_code_that_sdks_try_again(
        self, account: Account, service: str, operation: str, params: dict
    ) -> None:
        call = getattr(getattr(account, service), operation)
        call(**params)
        account.control("PUT", "rates", {account.calls()[0]["service"]: {"rate": 0.001, "burst": 1}})
        call(**params)
        with pytest.raises(ClientError) as raised:
            call(**params)
        code = raised.value.response["Error"]["Code"]
        assert code in THROTTLING_CODES
        assert [entry["error"] for entry in account.calls()] == [None, None, code]
        assert account.calls()[2]["status"] == raised.value.response["ResponseMetadata"]["HTTPStatusCode"] >= 400

    def test_a_bucket_holds_its_burst_and_fills_at_its_rate(self, account: Account) -> None:
        account.control("PUT", "rates", {"pricing": {"rate": 20, "burst": 3}})
        ask = {"ServiceCode": "AWSLambda", "MaxResults": 1}
        started, passed = time.monotonic(), 0
        while time.monotonic() - started < 0.5:
            try:
                account.pricing.get_products(**ask)
                passed += 1
            except ClientError:
                time.sleep(0.005)
        assert 3 + 7 <= passed <= 3 + 20 * (time.monotonic() - started)

    def test_awss_rates_are_a_preset_that_can_be_changed(self, account: Account) -> None:
        rates = account.control("PUT", "rates", {"preset": "aws", "lambda": 2, "pricing": None, "kinesis": 7})
        assert "pricing" not in rates
        assert (rates["lambda"]["rate"], rates["kinesis"]["rate"]) == (2, 7)
        assert account.control("PUT", "rates", {"preset": "aws"})["pricing"] == {"rate": 5, "burst": 10}
        account.seed(functions=[{"name": "f"}])
        for _ in range(15):
            account.lambda_.list_functions()
        for _ in range(16):  # GetFunction has a limit of its own, of 100
            account.lambda_.get_function(FunctionName="f")
        for _ in range(3):
            account.cloudwatch.disable_alarm_actions(AlarmNames=[])
        refused("Throttling", account.cloudwatch.disable_alarm_actions, AlarmNames=[])
        account.kinesis.describe_limits()
        refused("LimitExceededException", account.kinesis.describe_limits)
        assert account.control("PUT", "rates", {}) == {}
        account.kinesis.describe_limits()

    def test_getting_a_function_has_a_limit_of_its_own_and_invoking_it_has_none(self, account: Account) -> None:
        account.control("PUT", "functions/f", {"command": ["true"]})
        account.control("PUT", "rates", {"lambda": 1, "lambda.GetFunction": 2})
        account.lambda_.list_functions()
        for _ in range(2):
            account.lambda_.get_function(FunctionName="f")
        refused("TooManyRequestsException", account.lambda_.get_function, FunctionName="f")
        for _ in range(3):
            account.lambda_.invoke(FunctionName="f", InvocationType="DryRun")

    def test_the_consumers_of_each_stream_have_a_limit_of_their_own(self, account: Account) -> None:
        account.seed(streams=[{"name": "a"}, {"name": "b"}])
        a, b = (f"arn:aws:kinesis:us-east-1:{account.id}:stream/{name}" for name in "ab")
        account.control("PUT", "rates", {"kinesis.ListStreamConsumers": 1})
        account.kinesis.list_stream_consumers(StreamARN=a)
        account.kinesis.list_stream_consumers(StreamARN=b)
        refused("LimitExceededException", account.kinesis.list_stream_consumers, StreamARN=a)

    @pytest.mark.parametrize(
        "rates", [{"lamda": 1}, {"preset": "aws2"}, {"sns": {"burst": 2}}, {"sns": {"rate": 1, "of": 2}}]
    )
    def test_a_wrong_rate_is_refused(self, account: Account, rates: dict) -> None:
        with pytest.raises(ValueError, match=r"lamda: no such|aws2|KeyError: 'rate'|no of"):
            account.control("PUT", "rates", rates)

    def test_a_wrong_fault_setting_or_seed_is_refused(self, account: Account) -> None:
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

    def test_the_snapshot_of_the_demo_project_does_not_change_with_time(self, account: Account) -> None:
        account.control("POST", "seed", DEMO)
        before = account.control("GET", "snapshot")
        assert before["streams"]["payments-events"]["open_shards"] == 4
        assert before["functions"]["intervention-executor"]["reserved"] == 5
        assert len(before["alarms"]) == 11
        account.advance(100)
        assert account.control("GET", "snapshot") == before
        assert str(account.calls()) == "[]"

    def test_a_recreated_endpoint_is_the_same_in_the_snapshot(self, account: Account) -> None:
        account.seed(
            endpoints=[{"name": "e", "autoscaling": [{"policies": [TRACKING], "scheduled_actions": [ACTION]}]}]
        )
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

    def test_the_alarms_of_two_policies_on_a_variant_are_told_apart_in_the_snapshot(self, account: Account) -> None:
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

    def test_each_variant_can_be_seeded_with_a_model_of_its_own(self, account: Account) -> None:
        account.seed(endpoints=[{"name": "e", "variants": [{"name": "a", "model": "mine"}, {"name": "b"}]}])
        config = account.sagemaker.describe_endpoint_config(EndpointConfigName="e-config")
        assert [v["ModelName"] for v in config["ProductionVariants"]] == ["mine", "e-model"]
        assert account.sagemaker.describe_model(ModelName="mine")["ModelName"] == "mine"

    def test_many_clients_at_once_lose_nothing(self, account: Account) -> None:
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
