"""Application Auto Scaling: scalable targets, policies and scheduled actions.

https://docs.aws.amazon.com/autoscaling/application/APIReference/. moto has no provisioned-concurrency dimension for
SageMaker, keeps policies of a deregistered target, and does not page; so this is the account's own.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from .inside import Inside
from .kinds import cloudwatch
from .messages import AwsError
from .paging import page
from .seed import Seeder
from .service import Ask, Call, Handlers, Scalable, Service, Throttling
from .snapshot import kept
from .state import Account
from .tags import Tags, remove, require_own

Key = tuple[str, str, str]
SUSPENSIONS = ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended")
GENERATED = {"CreationTime", "PolicyARN", "ScalableTargetARN", "ScheduledActionARN"}


@dataclass
class Scaling:
    targets: dict[Key, dict[str, Any]] = field(default_factory=dict)
    policies: dict[tuple[Key, str], dict[str, Any]] = field(default_factory=dict)
    actions: dict[tuple[Key, str], dict[str, Any]] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)


def _key(params: dict[str, Any]) -> Key:
    return params["ServiceNamespace"], params["ResourceId"], params["ScalableDimension"]


def _now(call: Call) -> datetime:
    return datetime.fromtimestamp(call.account.now(), UTC)


def _require_target(call: Call, what: str = "No scalable target registered") -> Key:
    key = _key(call.params)
    if key in call.account.state(Scaling).targets:
        return key
    raise AwsError(
        "ObjectNotFoundException",
        f"{what} for service namespace: {key[0]}, resource ID: {key[1]}, scalable dimension: {key[2]}",
    )


def _scalable(account: Account, key: Key) -> Scalable:
    """What the service in whose namespace a target is says of it."""
    return account.services[key[0]].scalable or Scalable("CustomResource", ("", ""))


def register_scalable_target(call: Call) -> dict[str, Any]:
    """Moves the capacity into the range, "even if you don't include the MinCapacity or MaxCapacity request parameters"
    (https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html)."""
    target, key = _put_target(call), _key(call.params)
    if _scalable(call.account, key).moves_when_registered:
        _move(Inside(call.account, call.region), key, 0)
    return {"ScalableTargetARN": target["ScalableTargetARN"]}


def _put_target(call: Call) -> dict[str, Any]:
    scaling, params = call.account.state(Scaling), call.params
    key = _key(params)
    scalable = _scalable(call.account, key)
    scalable.require(call)
    target = scaling.targets.get(key)
    if target is None:
        if params.get("MinCapacity") is None or params.get("MaxCapacity") is None:
            raise AwsError("ValidationException", "MinCapacity and MaxCapacity are required for a new scalable target.")
        role = f"AWSServiceRoleForApplicationAutoScaling_{scalable.role}"
        service = f"{key[0]}.application-autoscaling.amazonaws.com"
        target = {
            "ServiceNamespace": key[0],
            "ResourceId": key[1],
            "ScalableDimension": key[2],
            "RoleARN": f"arn:aws:iam::{call.account.id}:role/aws-service-role/{service}/{role}",
            "SuspendedState": dict.fromkeys(SUSPENSIONS, False),
            "ScalableTargetARN": call.arn("application-autoscaling", f"scalable-target/{uuid.uuid4()}"),
            "CreationTime": _now(call),
        }
        scaling.tags[target["ScalableTargetARN"]] = dict(params.get("Tags") or {})
    elif params.get("Tags"):
        raise AwsError("ValidationException", "Tags of a scalable target that exists are changed by TagResource.")
    # RoleARN is for services that have no service-linked role. These here have one, and it is used whatever is asked.
    target |= {name: params[name] for name in ("MinCapacity", "MaxCapacity") if params.get(name) is not None}
    target["SuspendedState"] |= params.get("SuspendedState") or {}
    if target["MinCapacity"] > target["MaxCapacity"]:
        raise AwsError("ValidationException", "Maximum capacity cannot be less than minimum capacity")
    scaling.targets[key] = target
    return target


def _move(inside: Inside, key: Key, by: int) -> int | None:
    """Change a target's capacity by so much, within its range. What it will be, where it has one."""
    scalable, target = _scalable(inside.account, key), inside.account.state(Scaling).targets[key]
    capacity = scalable.capacity(inside, *key[1:])
    if capacity is None:
        return None
    wanted = max(target["MinCapacity"], min(capacity + by, target["MaxCapacity"]))
    if wanted != capacity:
        scalable.set_capacity(inside, *key[1:], wanted)
    return wanted


def deregister_scalable_target(call: Call) -> None:
    _forget(call.account, _require_target(call, "No scalable target found"))


def _forget(account: Account, key: Key) -> None:
    """A target takes its policies, their alarms and its scheduled actions with it."""
    scaling = account.state(Scaling)
    if target := scaling.targets.pop(key, None):
        scaling.tags.pop(target["ScalableTargetARN"], None)
    for policy_key in [k for k in scaling.policies if k[0] == key]:
        _delete_policy(account, policy_key)
    for action_key in [k for k in scaling.actions if k[0] == key]:
        del scaling.actions[action_key]


def forget(account: Account, namespace: str, prefix: str) -> None:
    """Deregister, without a word, the targets whose resource ids begin so; upper and lower case are the same."""
    targets = account.state(Scaling).targets
    for key in [k for k in targets if k[0] == namespace and k[1].lower().startswith(prefix.lower())]:
        _forget(account, key)


def put_scaling_policy(call: Call) -> dict[str, Any]:
    key, params = _require_target(call), call.params
    policies = call.account.state(Scaling).policies
    policy = policies.get((key, params["PolicyName"]))
    if policy is None:
        policy = {"CreationTime": _now(call), "Alarms": []}
        resource = f"resource/{key[0]}/{key[1]}:policyName/{params['PolicyName']}"
        policy["PolicyARN"] = call.arn("autoscaling", f"scalingPolicy:{uuid.uuid4()}:{resource}")
    policy.update({name: value for name, value in params.items() if value is not None})
    policy.setdefault("PolicyType", "StepScaling")
    policies[key, params["PolicyName"]] = policy
    if policy["PolicyType"] == "TargetTrackingScaling" and not policy["Alarms"]:
        policy["Alarms"] = [
            cloudwatch.put_tracking_alarm(
                call,
                f"TargetTracking-{key[1]}-{side}-{uuid.uuid4()}",
                policy["PolicyARN"],
                _scalable(call.account, key).metric,
            )
            for side in ("AlarmHigh", "AlarmLow")
        ]
    return {"PolicyARN": policy["PolicyARN"], "Alarms": policy["Alarms"]}


def _delete_policy(account: Account, key: tuple[Key, str]) -> None:
    for alarm in account.state(Scaling).policies.pop(key)["Alarms"]:
        account.state(cloudwatch.Alarms).alarms.pop(alarm["AlarmName"], None)


def delete_scaling_policy(call: Call) -> None:
    key = (_key(call.params), call.params["PolicyName"])
    if key not in call.account.state(Scaling).policies:
        raise AwsError("ObjectNotFoundException", f"No scaling policy found: {call.params['PolicyName']}")
    _delete_policy(call.account, key)


def _require_time_to_come(call: Call, params: dict[str, Any]) -> None:
    """AWS takes no time that has passed, neither as the only one nor as the first or last."""
    only = re.fullmatch(r"at\((.*)\)", params.get("Schedule") or "")
    zone = ZoneInfo(params.get("Timezone") or "UTC")
    times = [datetime.fromisoformat(only[1]).replace(tzinfo=zone).timestamp()] if only else []
    for name in ("StartTime", "EndTime"):
        if (time := params.get(name)) is not None:
            times.append(time.timestamp() if isinstance(time, datetime) else float(time))
    if any(time <= call.account.now() for time in times):
        raise AwsError("ValidationException", "Scheduled action time cannot be in the past.")


def put_scheduled_action(call: Call) -> None:
    key, params = _require_target(call), call.params
    _require_time_to_come(call, params)
    actions, name = call.account.state(Scaling).actions, params["ScheduledActionName"]
    action = actions.get((key, name))
    if action is None:
        if not params.get("Schedule"):
            raise AwsError("ValidationException", "Schedule is required for a new scheduled action.")
        resource = f"resource/{key[0]}/{key[1]}:scheduledActionName/{name}"
        arn = call.arn("autoscaling", f"scheduledAction:{uuid.uuid4()}:{resource}")
        action = {"CreationTime": _now(call), "ScheduledActionARN": arn}
    action.update({name: value for name, value in params.items() if value is not None})
    actions[key, name] = action


def delete_scheduled_action(call: Call) -> None:
    key = (_key(call.params), call.params["ScheduledActionName"])
    if call.account.state(Scaling).actions.pop(key, None) is None:
        raise AwsError("ObjectNotFoundException", f"No scheduled action found: {call.params['ScheduledActionName']}")


def _describe(call: Call, items: list[dict[str, Any]], result: str, names: str, name: str) -> dict[str, Any]:
    params = call.params
    ids = params.get("ResourceIds") or ([params["ResourceId"]] if params.get("ResourceId") else None)
    found = [
        item
        for item in items
        if item["ServiceNamespace"] == params["ServiceNamespace"]
        and (ids is None or item["ResourceId"] in ids)
        and params.get("ScalableDimension") in (None, item["ScalableDimension"])
        and (not params.get(names) or item.get(name) in params[names])
    ]
    chosen, token = page(
        found, int(params.get("MaxResults") or 50), params.get("NextToken"), "InvalidNextTokenException"
    )
    return {result: chosen} | ({"NextToken": token} if token else {})


def describe_scalable_targets(call: Call) -> dict[str, Any]:
    return _describe(call, list(call.account.state(Scaling).targets.values()), "ScalableTargets", "", "")


def _with_alarms(account: Account, policy: dict[str, Any]) -> dict[str, Any]:
    """A step policy's alarms are a person's: those that have the policy's ARN for an action."""
    if policy["PolicyType"] == "TargetTrackingScaling":
        return policy
    lists = ("AlarmActions", "OKActions", "InsufficientDataActions")
    alarms = [
        {"AlarmName": name, "AlarmARN": alarm["AlarmArn"]}
        for name, alarm in sorted(account.state(cloudwatch.Alarms).alarms.items())
        if any(policy["PolicyARN"] in alarm[actions] for actions in lists)
    ]
    return policy | {"Alarms": alarms}


def describe_scaling_policies(call: Call) -> dict[str, Any]:
    policies = [_with_alarms(call.account, policy) for policy in call.account.state(Scaling).policies.values()]
    return _describe(call, policies, "ScalingPolicies", "PolicyNames", "PolicyName")


def describe_scheduled_actions(call: Call) -> dict[str, Any]:
    actions = list(call.account.state(Scaling).actions.values())
    return _describe(call, actions, "ScheduledActions", "ScheduledActionNames", "ScheduledActionName")


def _tags(call: Call) -> dict[str, str]:
    tags, arn = call.account.state(Scaling).tags, call.params["ResourceARN"]
    if arn not in tags:
        raise AwsError("ResourceNotFoundException", f"The specified resource doesn't exist: {arn}")
    return tags[arn]


def list_tags_for_resource(call: Call) -> dict[str, Any]:
    return {"Tags": dict(_tags(call))}


def tag_resource(call: Call) -> None:
    require_own(call.params["Tags"])
    _tags(call).update(call.params["Tags"])


def untag_resource(call: Call) -> None:
    remove(_tags(call), call.params["TagKeys"])


HANDLERS: Handlers = {
    "DeleteScalingPolicy": delete_scaling_policy,
    "DeleteScheduledAction": delete_scheduled_action,
    "DeregisterScalableTarget": deregister_scalable_target,
    "DescribeScalableTargets": describe_scalable_targets,
    "DescribeScalingPolicies": describe_scaling_policies,
    "DescribeScheduledActions": describe_scheduled_actions,
    "ListTagsForResource": list_tags_for_resource,
    "PutScalingPolicy": put_scaling_policy,
    "PutScheduledAction": put_scheduled_action,
    "RegisterScalableTarget": register_scalable_target,
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
}


def seed_target(
    seeder: Seeder,
    *,
    namespace: str,
    resource: str,
    dimension: str,
    min: int = 1,
    max: int = 2,
    suspended: dict[str, bool] | None = None,
    policies: list[dict[str, Any]] | None = None,
    scheduled_actions: list[dict[str, Any]] | None = None,
    tags: Tags | None = None,
    role: str | None = None,
) -> None:
    """A scalable target. Policies and scheduled actions are the parameters of their Put operations; a step policy
    may have `alarms` besides, which set it off. `role`: one of the time before the service had its own."""
    target = {"ServiceNamespace": namespace, "ResourceId": resource, "ScalableDimension": dimension}
    params = {**target, "MinCapacity": min, "MaxCapacity": max, "SuspendedState": suspended or {}, "Tags": tags or {}}
    # As it is: nothing moves into the range.
    _put_target(seeder.asked(SERVICE.name, "RegisterScalableTarget", **params))
    if role:
        seeder.account.state(Scaling).targets[tuple(target.values())]["RoleARN"] = role
    for policy in policies or []:
        alarms = policy.pop("alarms", [])
        made = seeder.call(SERVICE.name, "PutScalingPolicy", **target, **policy)
        for alarm in alarms:
            cloudwatch.seed_alarm(seeder, name=alarm, actions=[made["PolicyARN"]])
    for action in scheduled_actions or []:
        seeder.call(SERVICE.name, "PutScheduledAction", **target, **action)


def picture(inside: Inside) -> dict[str, Any]:
    scaling, result = inside.account.state(Scaling), {}
    for key, target in sorted(scaling.targets.items()):
        of_target = dict(zip(("ServiceNamespace", "ResourceId", "ScalableDimension"), key, strict=True))
        policies = inside.call(SERVICE.name, "DescribeScalingPolicies", **of_target)["ScalingPolicies"]
        actions = {name: action for (k, name), action in sorted(scaling.actions.items()) if k == key}
        result[" ".join(key)] = {
            "target": kept(target, GENERATED),
            "tags": dict(sorted(scaling.tags[target["ScalableTargetARN"]].items())),
            "policies": {p["PolicyName"]: kept(p, GENERATED) for p in sorted(policies, key=lambda p: p["PolicyName"])},
            "scheduled_actions": {name: kept(action, GENERATED) for name, action in actions.items()},
        }
    return {"scalable_targets": result}


def _scale(account: Account, path: list[str], body: dict[str, Any]) -> dict[str, Any]:
    """Let an alarm go off that changes the capacity, or a scheduled action be due."""
    with account.lock:
        scaling, inside = account.state(Scaling), Inside(account, body.get("region", "us-east-1"))
        found = [
            key for key in scaling.targets if key[1] == body["resource"] and body.get("dimension", key[2]) == key[2]
        ]
        if len(found) != 1:
            raise ValueError(f"{len(found)} scalable targets of {body['resource']}")
        (key,) = found
        target, by = scaling.targets[key], int(body.get("by", 0))
        if "action" in body:
            suspension = "ScheduledScalingSuspended"
        else:
            suspension = "DynamicScalingOutSuspended" if by > 0 else "DynamicScalingInSuspended"
        if target["SuspendedState"][suspension]:
            return {"capacity": _scalable(account, key).capacity(inside, *key[1:])}
        if "action" in body:
            target |= scaling.actions[key, body["action"]]["ScalableTargetAction"]
        return {"capacity": _move(inside, key, by)}


def asks(call: Call) -> list[Ask]:
    if call.operation.startswith("Describe") or "ServiceNamespace" not in call.params:
        return [call.ask()]
    return [ask_of_target(call, call.operation, call.params["ServiceNamespace"])]


def ask_of_target(call: Call, operation: str, namespace: str) -> Ask:
    """An action on a target, whose id nobody knows before."""
    target = call.arn(SERVICE.name, "scalable-target/1a2b")
    return Ask(f"{SERVICE.name}:{operation}", target, {f"{SERVICE.name}:service-namespace": namespace})


SERVICE = Service(
    "application-autoscaling",
    handlers=HANDLERS,
    own=True,
    # A guess.
    throttling=Throttling(aws={"*": 10}),
    picture=picture,
    commands={("POST", "scaling"): _scale},
    asks=asks,
)
