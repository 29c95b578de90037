"""What a person would care about in an account, as the API tells it, in an order that never changes.

Timestamps and generated ids are left out: they rightly differ after an endpoint was created again. So are the state
bucket and the messages, which a run is meant to change.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from . import cloudwatch, functions, kinesis, sagemaker
from .app import execute_internally
from .autoscaling import Scaling
from .state import Account

GENERATED = {
    "AlarmArn", "AlarmConfigurationUpdatedTimestamp", "CreationTime", "LastModified", "PolicyARN", "ScalableTargetARN",
    "ScheduledActionARN", "StateReason", "StateUpdatedTimestamp", "StateValue", "UUID", "EventSourceMappingArn",
    "ModelArn", "EndpointConfigArn",
}  # fmt: skip
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def snapshot(account: Account, region: str) -> dict[str, Any]:
    def call(service: str, operation: str, **params: Any) -> dict[str, Any]:
        return execute_internally(account, region, service, operation, params)

    with account.lock:
        return {
            "endpoints": _endpoints(account, call),
            "endpoint_configs": _kept(account.state(sagemaker.Hosting).configs),
            "models": sorted(account.state(sagemaker.Hosting).models),
            "scalable_targets": _scaling(account, call),
            "streams": _streams(account, region, call),
            "functions": _functions(account, region, call),
            "alarms": _alarms(account),
            "tables": _tables(call),
        }


def _kept(value: Any) -> Any:
    """Without what is generated, and in order of keys."""
    if isinstance(value, dict):
        return {key: _kept(value[key]) for key in sorted(value) if key not in GENERATED}
    if isinstance(value, list):
        return [_kept(item) for item in value]
    return UUID.sub("…", value) if isinstance(value, str) else value


def _tags(pairs: list[dict[str, str]]) -> dict[str, str]:
    return {pair["Key"]: pair["Value"] for pair in sorted(pairs, key=lambda pair: pair["Key"])}


def _endpoints(account: Account, call: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    result = {}
    for key, endpoint in sorted(sagemaker.settled(account).endpoints.items()):
        described = call("sagemaker", "DescribeEndpoint", EndpointName=key)
        result[endpoint.name] = {
            "config": described["EndpointConfigName"],
            "status": described["EndpointStatus"],
            "failure_reason": described.get("FailureReason"),
            "variants": {v["VariantName"]: _kept(v) for v in described.get("ProductionVariants", [])},
            "shadow_variants": {v["VariantName"]: _kept(v) for v in described.get("ShadowProductionVariants", [])},
            "deployment_config": described.get("LastDeploymentConfig"),
            "tags": _tags(call("sagemaker", "ListTags", ResourceArn=endpoint.arn)["Tags"]),
            "inference_components": [
                component["InferenceComponentName"]
                for component in call("sagemaker", "ListInferenceComponents", EndpointNameEquals=key, MaxResults=100)[
                    "InferenceComponents"
                ]
            ],
        }
    return result


def _scaling(account: Account, call: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    scaling, result = account.state(Scaling), {}
    for key, target in sorted(scaling.targets.items()):
        of_target = dict(zip(("ServiceNamespace", "ResourceId", "ScalableDimension"), key, strict=True))
        policies = call("application-autoscaling", "DescribeScalingPolicies", **of_target)["ScalingPolicies"]
        result[" ".join(key)] = {
            "target": _kept(target),
            "tags": dict(sorted(scaling.tags[target["ScalableTargetARN"]].items())),
            "policies": {p["PolicyName"]: _kept(p) for p in sorted(policies, key=lambda p: p["PolicyName"])},
            "scheduled_actions": {name: _kept(a) for (k, name), a in sorted(scaling.actions.items()) if k == key},
        }
    return result


def _streams(account: Account, region: str, call: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    result = {}
    for name, stream in sorted(kinesis.backend(account, region).streams.items()):
        summary = call("kinesis", "DescribeStreamSummary", StreamName=name)["StreamDescriptionSummary"]
        result[name] = {
            "mode": summary["StreamModeDetails"]["StreamMode"],
            "status": summary["StreamStatus"],
            "open_shards": summary["OpenShardCount"],
            "retention_hours": summary["RetentionPeriodHours"],
            "encryption": summary["EncryptionType"],
            "consumers": sorted(consumer.consumer_name for consumer in stream.consumers),
            "tags": _tags(call("kinesis", "ListTagsForStream", StreamName=name)["Tags"]),
        }
    return result


def _functions(account: Account, region: str, call: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    backend = functions.backend(account, region)
    for function in sorted(backend.list_functions(), key=lambda f: f.function_name):
        name = function.function_name
        provisioned = call("lambda", "ListProvisionedConcurrencyConfigs", FunctionName=name)
        mappings = call("lambda", "ListEventSourceMappings", FunctionName=name)["EventSourceMappings"]
        result[name] = {
            "reserved": call("lambda", "GetFunctionConcurrency", FunctionName=name).get("ReservedConcurrentExecutions"),
            "provisioned": {
                config["FunctionArn"].rsplit(":", 1)[-1]: {
                    "requested": config["RequestedProvisionedConcurrentExecutions"],
                    "status": config["Status"],
                }
                for config in provisioned["ProvisionedConcurrencyConfigs"]
            },
            "mappings": sorted((_kept(mapping) for mapping in mappings), key=lambda m: m["EventSourceArn"]),
            "memory": function.memory_size,
            "timeout": function.timeout,
            "environment": function.environment_vars,
            "tags": dict(sorted(function.tags.items())),
        }
    return result


def _alarms(account: Account) -> dict[str, Any]:
    """By name. Without their generated ids, the alarms of two policies on one variant have the same name. These are
    numbered in the order of what else they say, which stays when they are made again."""
    state, named = account.state(cloudwatch.Alarms), defaultdict(list)
    for name, alarm in state.alarms.items():
        tags = dict(sorted(state.tags.get(alarm["AlarmArn"], {}).items()))
        named[UUID.sub("…", name)].append({"type": state.types[name], **_kept(alarm), "tags": tags})
    return {
        f"{name} {number}" if number > 1 else name: alarm
        for name, alarms in sorted(named.items())
        for number, alarm in enumerate(sorted(alarms, key=json.dumps), 1)
    }


def _tables(call: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    result = {}
    for name in sorted(call("dynamodb", "ListTables")["TableNames"]):
        table = call("dynamodb", "DescribeTable", TableName=name)["Table"]
        throughput = table["ProvisionedThroughput"]
        result[name] = {
            "billing": table.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED"),
            "status": table["TableStatus"],
            "read": throughput["ReadCapacityUnits"],
            "write": throughput["WriteCapacityUnits"],
            "indexes": sorted(index["IndexName"] for index in table.get("GlobalSecondaryIndexes", [])),
            "items": table["ItemCount"],
            "tags": _tags(call("dynamodb", "ListTagsOfResource", ResourceArn=table["TableArn"])["Tags"]),
        }
    return result
