"""The operations of endpoints: each begins a transition, and refuses what the endpoint's state does not permit."""

from __future__ import annotations

from typing import Any

from ... import autoscaling
from ...paging import page
from ...service import Call
from .. import cloudwatch
from .hosting import (
    Endpoint,
    Hosting,
    find_config,
    new_tags,
    refuse,
    require_models,
    running_variants,
    settled,
    take_capacity_failure,
    when,
)

IN_PROGRESS = {"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"}


def _endpoint_arn(call: Call, name: str) -> str:
    return call.arn("sagemaker", f"endpoint/{name.lower()}")


def _find(call: Call, hosting: Hosting) -> Endpoint:
    name = call.params["EndpointName"]
    if endpoint := hosting.endpoints.get(name.lower()):
        return endpoint
    raise refuse(f'Could not find endpoint "{_endpoint_arn(call, name)}".')


def _require_alarms(call: Call, deployment: dict[str, Any] | None) -> None:
    """The alarms that roll an update back are looked up when they are named."""
    known = call.account.state(cloudwatch.Alarms).alarms
    alarms = ((deployment or {}).get("AutoRollbackConfiguration") or {}).get("Alarms") or []
    if missing := [alarm["AlarmName"] for alarm in alarms if alarm["AlarmName"] not in known]:
        raise refuse(f"The following CloudWatch alarms do not exist: {missing}")


def _require_updatable(endpoint: Endpoint) -> None:
    if endpoint.status in IN_PROGRESS:
        raise refuse(f'Cannot update in-progress endpoint "{endpoint.arn}".')
    if endpoint.status == "Failed":
        raise refuse(f'Cannot update failed endpoint "{endpoint.arn}": DeleteEndpoint is the only permitted operation.')


def create_endpoint(call: Call) -> dict[str, Any]:
    hosting, name = settled(call.account), call.params["EndpointName"]
    arn, now = _endpoint_arn(call, name), call.account.now()
    if name.lower() in hosting.endpoints:
        raise refuse(f'Cannot create already existing endpoint "{arn}".')
    config = find_config(call, hosting, call.params["EndpointConfigName"])
    require_models(call, hosting, config)
    _require_alarms(call, call.params.get("DeploymentConfig"))
    tags = new_tags(call, {})
    failure = take_capacity_failure(hosting, name)
    hosting.tags[arn] = tags
    hosting.endpoints[name.lower()] = Endpoint(
        name, arn, call.params["EndpointConfigName"], now, now, "Creating",
        deployment_config=call.params.get("DeploymentConfig"),
        shadow_variants=[] if failure else running_variants(config.get("ShadowProductionVariants", [])),
        ends=now + call.account.settings.creating_seconds,
        becomes="Failed" if failure else "InService",
        next_variants=[] if failure else running_variants(config["ProductionVariants"]),
        next_failure=failure,
    )  # fmt: skip
    return {"EndpointArn": arn}


def describe_endpoint(call: Call) -> dict[str, Any]:
    hosting = settled(call.account)
    endpoint = _find(call, hosting)
    config = hosting.configs.get(endpoint.config, {})
    result: dict[str, Any] = {
        "EndpointName": endpoint.name,
        "EndpointArn": endpoint.arn,
        "EndpointConfigName": endpoint.config,
        "EndpointStatus": endpoint.status_shown(call.account),
        "CreationTime": when(endpoint.created),
        "LastModifiedTime": when(endpoint.modified),
    }
    pending = endpoint.update and {
        "EndpointConfigName": endpoint.update["EndpointConfigName"],
        "ProductionVariants": [{"VariantName": v["VariantName"]} for v in endpoint.next_variants],
        "StartTime": when(endpoint.modified),
    }
    optional = {
        "PendingDeploymentSummary": pending,
        "FailureReason": endpoint.failure_reason,
        "LastDeploymentConfig": endpoint.deployment_config,
        "ProductionVariants": endpoint.variants,
        "ShadowProductionVariants": endpoint.variants and endpoint.shadow_variants,
        "AsyncInferenceConfig": config.get("AsyncInferenceConfig"),
        "ExplainerConfig": config.get("ExplainerConfig"),
    }
    return result | {key: value for key, value in optional.items() if value}


def list_endpoints(call: Call) -> dict[str, Any]:
    params = call.params
    found = [
        endpoint
        for endpoint in settled(call.account).endpoints.values()
        if params.get("NameContains", "").lower() in endpoint.name.lower()
        and params.get("StatusEquals") in (None, endpoint.status_shown(call.account))
    ]
    by_name = params.get("SortBy") == "Name"
    found.sort(key=lambda e: e.name if by_name else e.created, reverse=params.get("SortOrder") != "Ascending")
    endpoints, token = page(found, int(params.get("MaxResults", 10)), params.get("NextToken"))
    summaries = [
        {
            "EndpointName": endpoint.name,
            "EndpointArn": endpoint.arn,
            "EndpointStatus": endpoint.status_shown(call.account),
            "CreationTime": when(endpoint.created),
            "LastModifiedTime": when(endpoint.modified),
        }
        for endpoint in endpoints
    ]
    return {"Endpoints": summaries} | ({"NextToken": token} if token else {})


def update_endpoint(call: Call) -> dict[str, Any]:
    hosting = settled(call.account)
    endpoint = _find(call, hosting)
    _require_updatable(endpoint)
    config = find_config(call, hosting, call.params["EndpointConfigName"])
    require_models(call, hosting, config)
    _require_alarms(call, call.params.get("DeploymentConfig"))
    _start_updating(call, endpoint, running_variants(config["ProductionVariants"]))
    endpoint.update = {
        "EndpointConfigName": call.params["EndpointConfigName"],
        "DeploymentConfig": call.params.get("DeploymentConfig"),
        "ShadowProductionVariants": running_variants(config.get("ShadowProductionVariants", [])),
    }
    return {"EndpointArn": endpoint.arn}


def _require_one_capacity_or_weights(desired: list[dict[str, Any]]) -> None:
    """ "Updates variant weight of one or more variants […], or capacity of one variant"."""
    sized = [d for d in desired if "DesiredInstanceCount" in d or "ServerlessUpdateConfig" in d]
    if sized and (len(desired) > 1 or "DesiredWeight" in desired[0]):
        raise refuse("The capacity of one variant can be updated at a time, without weights.")


def update_endpoint_weights_and_capacities(call: Call) -> dict[str, Any]:
    hosting = settled(call.account)
    endpoint = _find(call, hosting)
    _require_updatable(endpoint)
    _require_one_capacity_or_weights(call.params["DesiredWeightsAndCapacities"])
    variants = [dict(variant) for variant in endpoint.variants]
    grows = False
    for desired in call.params["DesiredWeightsAndCapacities"]:
        variant = next((v for v in variants if v["VariantName"] == desired["VariantName"]), None)
        if variant is None:
            raise refuse(
                f'The variant name(s) "{desired["VariantName"]}" is/are not present within endpoint configuration.'
            )
        grows = grows or desired.get("DesiredInstanceCount", 0) > variant.get("CurrentInstanceCount", 0)
        for key in ("Weight", "InstanceCount"):
            if f"Desired{key}" in desired:
                variant[f"Desired{key}"] = variant[f"Current{key}"] = desired[f"Desired{key}"]
        if "ServerlessUpdateConfig" in desired:
            for key in ("CurrentServerlessConfig", "DesiredServerlessConfig"):
                variant[key] = variant[key] | desired["ServerlessUpdateConfig"]
    if grows and (failure := take_capacity_failure(hosting, endpoint.name)):
        # It is rolled back: in service as before, with the reason.
        _start_updating(call, endpoint, [dict(variant) for variant in endpoint.variants])
        endpoint.next_failure = failure
        return {"EndpointArn": endpoint.arn}
    for before, after in zip(endpoint.variants, variants, strict=True):
        before.update({key: value for key, value in after.items() if key.startswith("Desired")})
    _start_updating(call, endpoint, variants)
    return {"EndpointArn": endpoint.arn}


def _start_updating(call: Call, endpoint: Endpoint, variants: list[dict[str, Any]]) -> None:
    endpoint.status = "Updating"
    endpoint.modified = call.account.now()
    endpoint.ends = endpoint.modified + call.account.settings.updating_seconds
    endpoint.becomes, endpoint.next_variants, endpoint.next_failure = "InService", variants, None


def delete_endpoint(call: Call) -> None:
    endpoint = _find(call, settled(call.account))
    if endpoint.status in IN_PROGRESS:
        raise refuse(f'Cannot update in-progress endpoint "{endpoint.arn}".')
    now = call.account.now()
    endpoint.shown_status, endpoint.shown_until = endpoint.status, now + call.account.settings.stale_seconds
    endpoint.status, endpoint.becomes = "Deleting", "gone"
    endpoint.modified = call.account.now()
    endpoint.ends = endpoint.modified + call.account.settings.deleting_seconds
    autoscaling.forget(call.account, "sagemaker", f"endpoint/{endpoint.name}/variant/")
