"""CloudWatch alarms: metric, composite and log alarms, and their actions.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html. moto has neither composite
alarms, nor alarm types, nor pages, nor the protocol the SDKs speak by now; so this is the account's own.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from ..inside import Inside
from ..messages import AwsError
from ..paging import page
from ..seed import Seeder
from ..service import Ask, Call, Handlers, Service, Throttling
from ..snapshot import UUID, kept
from ..tags import Tags, pairs, remove

GENERATED = {
    "AlarmArn",
    "AlarmConfigurationUpdatedTimestamp",
    "StateReason",
    "StateUpdatedTimestamp",
    "StateValue",
}
# The alarm types of DescribeAlarms, and the list each comes back in.
LISTS = {"MetricAlarm": "MetricAlarms", "CompositeAlarm": "CompositeAlarms", "LogAlarm": "LogAlarms"}


@dataclass
class Alarms:
    """All alarms by name. Each is a dictionary of what DescribeAlarms answers; `types` says of which type it is."""

    alarms: dict[str, dict[str, Any]] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)


def _refuse(message: str) -> AwsError:
    return AwsError("ValidationError", message)


def _put(call: Call, alarm_type: str) -> None:
    state, params = call.account.state(Alarms), dict(call.params)
    name = params["AlarmName"]
    if state.types.get(name, alarm_type) != alarm_type:
        raise _refuse(f"Alarm {name} exists and is a {state.types[name]}.")
    arn, now = call.arn("cloudwatch", f"alarm:{name}"), datetime.fromtimestamp(call.account.now(), UTC)
    tags = params.pop("Tags", None) or []
    before = state.alarms.get(name, {})
    if not before:  # tags of an existing alarm change by TagResource only
        state.tags[arn] = {tag["Key"]: tag["Value"] for tag in tags}
    state.types[name] = alarm_type
    state.alarms[name] = {
        "ActionsEnabled": True,
        "AlarmActions": [],
        "OKActions": [],
        "InsufficientDataActions": [],
        **params,
        "AlarmArn": arn,
        "AlarmConfigurationUpdatedTimestamp": now,
        "StateValue": before.get("StateValue", "OK"),
        "StateReason": before.get("StateReason", "Threshold not crossed."),
        "StateUpdatedTimestamp": before.get("StateUpdatedTimestamp", now),
    }


def put_metric_alarm(call: Call) -> None:
    for key in ("EvaluationPeriods", "ComparisonOperator"):
        if key not in call.params:
            raise AwsError("MissingParameter", f"The parameter {key} is required.")
    _put(call, "MetricAlarm")


def put_composite_alarm(call: Call) -> None:
    _put(call, "CompositeAlarm")


def put_log_alarm(call: Call) -> None:
    _put(call, "LogAlarm")


def put_tracking_alarm(call: Call, name: str, policy_arn: str, metric: tuple[str, str]) -> dict[str, str]:
    """One of the alarms that drive a target-tracking policy."""
    params = {
        "AlarmName": name,
        "AlarmDescription": f"DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {policy_arn}.",
        "AlarmActions": [policy_arn],
        "ComparisonOperator": "GreaterThanThreshold" if "AlarmHigh" in name else "LessThanThreshold",
        "EvaluationPeriods": 3,
        "Namespace": metric[0],
        "MetricName": metric[1],
        "Period": 60,
        "Statistic": "Sum",
        "Threshold": 1.0,
    }
    put_metric_alarm(replace(call, service=SERVICE, operation="PutMetricAlarm", params=params))
    return {"AlarmName": name, "AlarmARN": call.arn("cloudwatch", f"alarm:{name}")}


def _names(call: Call) -> list[str]:
    names = call.params.get("AlarmNames") or []
    if len(names) > 100:
        raise _refuse(
            "1 validation error detected: Value at 'alarmNames' failed to satisfy constraint: "
            "Member must have length less than or equal to 100"
        )
    return names


def describe_alarms(call: Call) -> dict[str, Any]:
    """Without AlarmTypes, metric alarms only: "If you omit this parameter, only metric alarms are returned"."""
    state, params = call.account.state(Alarms), call.params
    names, size = _names(call), int(params.get("MaxRecords") or 50)
    if not 1 <= size <= 100:
        raise _refuse(
            "1 validation error detected: Value at 'maxRecords' failed to satisfy constraint: between 1 and 100"
        )
    types = params.get("AlarmTypes") or ["MetricAlarm"]
    prefix, action, value = params.get("AlarmNamePrefix", ""), params.get("ActionPrefix", ""), params.get("StateValue")
    found = [
        alarm
        for name, alarm in sorted(state.alarms.items())
        if state.types[name] in types
        and (not names or name in names)
        and name.startswith(prefix)
        and (not action or any(a.startswith(action) for a in alarm["AlarmActions"]))
        and value in (None, alarm["StateValue"])
    ]
    chosen, token = page(found, size, params.get("NextToken"), "InvalidNextToken")
    result: dict[str, Any] = {name: [] for name in LISTS.values()}
    for alarm in chosen:
        result[LISTS[state.types[alarm["AlarmName"]]]].append(alarm)
    return result | ({"NextToken": token} if token else {})


def _set_actions(call: Call, enabled: bool) -> None:
    """Names that do not exist are passed over in silence."""
    alarms = call.account.state(Alarms).alarms
    for name in _names(call):
        if name in alarms:
            alarms[name]["ActionsEnabled"] = enabled


def enable_alarm_actions(call: Call) -> None:
    _set_actions(call, True)


def disable_alarm_actions(call: Call) -> None:
    _set_actions(call, False)


def delete_alarms(call: Call) -> None:
    state = call.account.state(Alarms)
    missing = [name for name in _names(call) if name not in state.alarms]
    if missing:
        raise AwsError("ResourceNotFound", f"Alarms not found: {', '.join(missing)}", 404)
    for name in _names(call):
        state.tags.pop(state.alarms.pop(name)["AlarmArn"], None)
        del state.types[name]


def set_alarm_state(call: Call) -> None:
    alarm = call.account.state(Alarms).alarms.get(call.params["AlarmName"])
    if alarm is None:
        raise AwsError("ResourceNotFound", f"Unknown alarm {call.params['AlarmName']}", 404)
    alarm |= {"StateValue": call.params["StateValue"], "StateReason": call.params["StateReason"]}


def _tags(call: Call) -> dict[str, str]:
    tags = call.account.state(Alarms).tags
    if call.params["ResourceARN"] not in tags:
        raise AwsError("ResourceNotFoundException", f"Unknown resource {call.params['ResourceARN']}", 404)
    return tags[call.params["ResourceARN"]]


def list_tags_for_resource(call: Call) -> dict[str, Any]:
    return {"Tags": pairs(_tags(call))}


def tag_resource(call: Call) -> None:
    _tags(call).update({tag["Key"]: tag["Value"] for tag in call.params["Tags"]})


def untag_resource(call: Call) -> None:
    remove(_tags(call), call.params["TagKeys"])


HANDLERS: Handlers = {
    "DeleteAlarms": delete_alarms,
    "DescribeAlarms": describe_alarms,
    "DisableAlarmActions": disable_alarm_actions,
    "EnableAlarmActions": enable_alarm_actions,
    "ListTagsForResource": list_tags_for_resource,
    "PutCompositeAlarm": put_composite_alarm,
    "PutLogAlarm": put_log_alarm,
    "PutMetricAlarm": put_metric_alarm,
    "SetAlarmState": set_alarm_state,
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
}


def seed_alarm(
    seeder: Seeder,
    *,
    name: str,
    actions_enabled: bool = True,
    composite: str | None = None,
    log: str | None = None,
    actions: list[str] | None = None,
    namespace: str = "AWS/Lambda",
    metric: str = "Errors",
    dimensions: dict[str, str] | None = None,
    period: int = 300,
    threshold: float = 1.0,
    tags: Tags | None = None,
) -> None:
    common = {
        "AlarmName": name,
        "ActionsEnabled": actions_enabled,
        "AlarmActions": [seeder.made.get("topic") or seeder.arn("sns", "alerts")] if actions is None else actions,
    }
    if composite:
        seeder.call("cloudwatch", "PutCompositeAlarm", AlarmRule=composite, **common)
    elif log:
        seeder.call(
            "cloudwatch", "PutLogAlarm", ComparisonOperator="GreaterThanThreshold", Threshold=float(threshold),
            QueryResultsToEvaluate=1, QueryResultsToAlarm=1,
            ScheduledQueryConfiguration={
                "QueryString": "fields @message", "LogGroupIdentifiers": [log],
                "ScheduleConfiguration": {"ScheduleExpression": "rate(5 minutes)"},
                "AggregationExpression": "stats count(*)",
                "ScheduledQueryRoleARN": f"arn:aws:iam::{seeder.account.id}:role/logs",
            },
            **common,
        )  # fmt: skip
    else:
        seeder.call(
            "cloudwatch", "PutMetricAlarm", Namespace=namespace, MetricName=metric, Statistic="Sum",
            Dimensions=[{"Name": key, "Value": value} for key, value in (dimensions or {}).items()],
            Period=period, EvaluationPeriods=1, Threshold=float(threshold),
            ComparisonOperator="GreaterThanOrEqualToThreshold", **common,
        )  # fmt: skip
    seeder.account.state(Alarms).tags[seeder.arn("cloudwatch", f"alarm:{name}")] = dict(tags or {})


def picture(inside: Inside) -> dict[str, Any]:
    """By name. Without their generated ids, the alarms of two policies on one variant have the same name. These are
    numbered in the order of what else they say, which stays when they are made again."""
    state, named = inside.account.state(Alarms), defaultdict(list)
    for name, alarm in state.alarms.items():
        tags = dict(sorted(state.tags.get(alarm["AlarmArn"], {}).items()))
        named[UUID.sub("…", name)].append({"type": state.types[name], **kept(alarm, GENERATED), "tags": tags})
    result = {
        f"{name} {number}" if number > 1 else name: alarm
        for name, alarms in sorted(named.items())
        for number, alarm in enumerate(sorted(alarms, key=json.dumps), 1)
    }
    return {"alarms": result}


def tagged(inside: Inside) -> Iterable[tuple[str, Tags]]:
    return inside.account.state(Alarms).tags.items()


def asks(call: Call) -> list[Ask]:
    """A call that names several alarms asks for each. Describing them is not an action on one."""
    if call.operation == "DescribeAlarms" or not call.resource:
        return [call.ask()]
    return [call.ask(f"alarm:{name}") for name in call.resource.split(",")]


SERVICE = Service(
    "cloudwatch",
    handlers=HANDLERS,
    own=True,
    signed_as="monitoring",
    model="cloudwatch",
    names=("AlarmName", "AlarmNames"),
    throttling=Throttling(
        "Throttling", 400, aws={"DescribeAlarms": 9, "EnableAlarmActions": 3, "DisableAlarmActions": 3}
    ),
    seeds={"alarms": seed_alarm},
    picture=picture,
    tagged=tagged,
    asks=asks,
)
