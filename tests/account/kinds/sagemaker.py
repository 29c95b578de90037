"""SageMaker hosting: endpoints with slow transitions, their configurations, models and tags.

The states and what each permits are those of DescribeEndpoint in the API reference
(https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html). The errors of an endpoint
that is missing, taken or in progress are not modelled by AWS; their texts are those that the service sends as
`ValidationException`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from .. import autoscaling
from ..inside import Inside
from ..messages import AwsError
from ..paging import page
from ..seed import Seeder
from ..service import Call, Handlers, Scalable, Service, Throttling
from ..snapshot import kept
from ..state import Account
from ..tags import Tags, in_order, pairs
from . import cloudwatch

IN_PROGRESS = {"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"}
GENERATED = {"CreationTime", "EndpointConfigArn", "ModelArn"}
NO_CAPACITY = "Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error."


@dataclass
class Endpoint:
    name: str
    arn: str
    config: str
    created: float
    modified: float
    status: str = "InService"
    failure_reason: str | None = None
    deployment_config: dict[str, Any] | None = None
    variants: list[dict[str, Any]] = field(default_factory=list)
    shadow_variants: list[dict[str, Any]] = field(default_factory=list)
    # The transition under way: when it ends, how, with which variants, and what else is different then.
    ends: float | None = None
    becomes: str = ""
    next_variants: list[dict[str, Any]] = field(default_factory=list)
    next_failure: str | None = None
    update: dict[str, Any] | None = None
    # Answers may be late: until when DescribeEndpoint and ListEndpoints show a status that is over.
    shown_status: str = ""
    shown_until: float = 0.0

    def status_shown(self, account: Account) -> str:
        return self.status if account.is_over("stale", self.shown_until) else self.shown_status


@dataclass
class Hosting:
    """All of an account's hosting. Endpoints go by their names in lower case: AWS does not tell cases apart."""

    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    configs: dict[str, dict[str, Any]] = field(default_factory=dict)
    models: dict[str, dict[str, Any]] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    components: list[dict[str, Any]] = field(default_factory=list)
    no_capacity: dict[str, int] = field(default_factory=dict)


def settled(account: Account) -> Hosting:
    """The account's hosting, with every transition finished whose time has come."""
    hosting = account.state(Hosting)
    for key, endpoint in list(hosting.endpoints.items()):
        if endpoint.ends is None or not account.is_over(endpoint.status.lower(), endpoint.ends):
            continue
        if endpoint.becomes == "gone":
            del hosting.endpoints[key]
            hosting.tags.pop(endpoint.arn, None)
            continue
        endpoint.status, endpoint.failure_reason = endpoint.becomes, endpoint.next_failure
        endpoint.variants, endpoint.modified, endpoint.ends = endpoint.next_variants, endpoint.ends, None
        if endpoint.update and not endpoint.failure_reason:
            endpoint.config = endpoint.update["EndpointConfigName"]
            endpoint.deployment_config = endpoint.update["DeploymentConfig"]
            endpoint.shadow_variants = endpoint.update["ShadowProductionVariants"]
        endpoint.update = None
    return hosting


def take_capacity_failure(hosting: Hosting, name: str) -> str | None:
    """The failure a test asked for of the next creations of this endpoint, or of any ("*")."""
    for key in (name.lower(), "*"):
        if hosting.no_capacity.get(key, 0) > 0:
            hosting.no_capacity[key] -= 1
            return NO_CAPACITY
    return None


def running_variants(variants: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A configuration's variants as DescribeEndpoint shows them once they run."""
    result = []
    for variant in variants:
        weight = float(variant.get("InitialVariantWeight", 1.0))
        running: dict[str, Any] = {
            "VariantName": variant["VariantName"],
            "CurrentWeight": weight,
            "DesiredWeight": weight,
        }
        if serverless := variant.get("ServerlessConfig"):
            running |= {"CurrentServerlessConfig": dict(serverless), "DesiredServerlessConfig": dict(serverless)}
        else:
            count = int(variant.get("InitialInstanceCount", 1))
            running |= {"CurrentInstanceCount": count, "DesiredInstanceCount": count}
        for key in ("ManagedInstanceScaling", "RoutingConfig"):
            if key in variant:
                running[key] = variant[key]
        result.append(running)
    return result


def _when(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _refuse(message: str) -> AwsError:
    return AwsError("ValidationException", message)


def _endpoint_arn(call: Call, name: str) -> str:
    return call.arn("sagemaker", f"endpoint/{name.lower()}")


def _find(call: Call, hosting: Hosting) -> Endpoint:
    name = call.params["EndpointName"]
    if endpoint := hosting.endpoints.get(name.lower()):
        return endpoint
    raise _refuse(f'Could not find endpoint "{_endpoint_arn(call, name)}".')


def _find_config(call: Call, hosting: Hosting, name: str) -> dict[str, Any]:
    if name in hosting.configs:
        return hosting.configs[name]
    raise _refuse(
        f'Could not find endpoint configuration "{call.arn("sagemaker", f"endpoint-config/{name.lower()}")}".'
    )


def _require_models(call: Call, hosting: Hosting, config: dict[str, Any]) -> None:
    for variant in config["ProductionVariants"] + config.get("ShadowProductionVariants", []):
        model = variant.get("ModelName")
        if model and model not in hosting.models:
            raise _refuse(f'Could not find model "{call.arn("sagemaker", f"model/{model.lower()}")}".')


def _require_alarms(call: Call, deployment: dict[str, Any] | None) -> None:
    """The alarms that roll an update back are looked up when they are named."""
    known = call.account.state(cloudwatch.Alarms).alarms
    alarms = ((deployment or {}).get("AutoRollbackConfiguration") or {}).get("Alarms") or []
    if missing := [alarm["AlarmName"] for alarm in alarms if alarm["AlarmName"] not in known]:
        raise _refuse(f"The following CloudWatch alarms do not exist: {missing}")


def _require_updatable(endpoint: Endpoint) -> None:
    if endpoint.status in IN_PROGRESS:
        raise _refuse(f'Cannot update in-progress endpoint "{endpoint.arn}".')
    if endpoint.status == "Failed":
        raise _refuse(
            f'Cannot update failed endpoint "{endpoint.arn}": DeleteEndpoint is the only permitted operation.'
        )


def _new_tags(call: Call, present: dict[str, str]) -> dict[str, str]:
    """Keys that begin with `aws:` belong to AWS, and 50 tags are the most a resource may carry."""
    tags = dict(present)
    for tag in call.params.get("Tags") or []:
        if tag["Key"].lower().startswith("aws:"):
            raise _refuse("aws: prefixed tag key names are not allowed for external use.")
        tags[tag["Key"]] = tag.get("Value", "")
    if len(tags) > 50:
        raise AwsError("ResourceLimitExceeded", "A resource cannot have more than 50 tags.")
    return tags


def create_model(call: Call) -> dict[str, Any]:
    hosting, name = settled(call.account), call.params["ModelName"]
    arn = call.arn("sagemaker", f"model/{name.lower()}")
    if name in hosting.models:
        raise _refuse(f'Cannot create already existing model "{arn}".')
    hosting.tags[arn] = _new_tags(call, {})
    fields = {key: value for key, value in call.params.items() if key != "Tags"}
    hosting.models[name] = {**fields, "ModelArn": arn, "CreationTime": _when(call.account.now())}
    return {"ModelArn": arn}


def describe_model(call: Call) -> dict[str, Any]:
    name = call.params["ModelName"]
    if model := settled(call.account).models.get(name):
        return model
    raise _refuse(f'Could not find model "{call.arn("sagemaker", f"model/{name.lower()}")}".')


def delete_model(call: Call) -> None:
    """Deletes it even while an endpoint uses it."""
    settled(call.account).tags.pop(describe_model(call)["ModelArn"], None)
    del settled(call.account).models[call.params["ModelName"]]


def create_endpoint_config(call: Call) -> dict[str, Any]:
    hosting, name = settled(call.account), call.params["EndpointConfigName"]
    arn = call.arn("sagemaker", f"endpoint-config/{name.lower()}")
    if name in hosting.configs:
        raise _refuse(f'Cannot create already existing endpoint configuration "{arn}".')
    fields = {key: value for key, value in call.params.items() if key != "Tags"}
    _require_models(call, hosting, fields)
    hosting.tags[arn] = _new_tags(call, {})
    hosting.configs[name] = {**fields, "EndpointConfigArn": arn, "CreationTime": _when(call.account.now())}
    return {"EndpointConfigArn": arn}


def describe_endpoint_config(call: Call) -> dict[str, Any]:
    return _find_config(call, settled(call.account), call.params["EndpointConfigName"])


def delete_endpoint_config(call: Call) -> None:
    """Deletes it even while an endpoint uses it."""
    config = describe_endpoint_config(call)
    settled(call.account).tags.pop(config["EndpointConfigArn"], None)
    del settled(call.account).configs[call.params["EndpointConfigName"]]


def create_endpoint(call: Call) -> dict[str, Any]:
    hosting, name = settled(call.account), call.params["EndpointName"]
    arn, now = _endpoint_arn(call, name), call.account.now()
    if name.lower() in hosting.endpoints:
        raise _refuse(f'Cannot create already existing endpoint "{arn}".')
    config = _find_config(call, hosting, call.params["EndpointConfigName"])
    _require_models(call, hosting, config)
    _require_alarms(call, call.params.get("DeploymentConfig"))
    tags = _new_tags(call, {})
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
        "CreationTime": _when(endpoint.created),
        "LastModifiedTime": _when(endpoint.modified),
    }
    pending = endpoint.update and {
        "EndpointConfigName": endpoint.update["EndpointConfigName"],
        "ProductionVariants": [{"VariantName": v["VariantName"]} for v in endpoint.next_variants],
        "StartTime": _when(endpoint.modified),
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
            "CreationTime": _when(endpoint.created),
            "LastModifiedTime": _when(endpoint.modified),
        }
        for endpoint in endpoints
    ]
    return {"Endpoints": summaries} | ({"NextToken": token} if token else {})


def update_endpoint(call: Call) -> dict[str, Any]:
    hosting = settled(call.account)
    endpoint = _find(call, hosting)
    _require_updatable(endpoint)
    config = _find_config(call, hosting, call.params["EndpointConfigName"])
    _require_models(call, hosting, config)
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
        raise _refuse("The capacity of one variant can be updated at a time, without weights.")


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
            raise _refuse(
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
        raise _refuse(f'Cannot update in-progress endpoint "{endpoint.arn}".')
    now = call.account.now()
    endpoint.shown_status, endpoint.shown_until = endpoint.status, now + call.account.settings.stale_seconds
    endpoint.status, endpoint.becomes = "Deleting", "gone"
    endpoint.modified = call.account.now()
    endpoint.ends = endpoint.modified + call.account.settings.deleting_seconds
    autoscaling.forget(call.account, "sagemaker", f"endpoint/{endpoint.name}/variant/")


def list_tags(call: Call) -> dict[str, Any]:
    return {"Tags": pairs(settled(call.account).tags.get(call.params["ResourceArn"], {}))}


def add_tags(call: Call) -> dict[str, Any]:
    hosting, arn = settled(call.account), call.params["ResourceArn"]
    if arn not in hosting.tags:
        raise _refuse(f'Could not find resource "{arn}".')
    hosting.tags[arn] = _new_tags(call, hosting.tags[arn])
    return {"Tags": pairs(hosting.tags[arn])}


def delete_tags(call: Call) -> None:
    tags = settled(call.account).tags.get(call.params["ResourceArn"], {})
    for key in call.params["TagKeys"]:
        tags.pop(key, None)


def list_inference_components(call: Call) -> dict[str, Any]:
    params = call.params
    found = [
        component
        for component in settled(call.account).components
        if params.get("EndpointNameEquals", component["EndpointName"]).lower() == component["EndpointName"].lower()
        and params.get("VariantNameEquals", component["VariantName"]) == component["VariantName"]
    ]
    components, token = page(found, int(params.get("MaxResults", 10)), params.get("NextToken"))
    return {"InferenceComponents": components} | ({"NextToken": token} if token else {})


HANDLERS: Handlers = {
    "AddTags": add_tags,
    "CreateEndpoint": create_endpoint,
    "CreateEndpointConfig": create_endpoint_config,
    "CreateModel": create_model,
    "DeleteEndpoint": delete_endpoint,
    "DeleteEndpointConfig": delete_endpoint_config,
    "DeleteModel": delete_model,
    "DeleteTags": delete_tags,
    "DescribeEndpoint": describe_endpoint,
    "DescribeEndpointConfig": describe_endpoint_config,
    "DescribeModel": describe_model,
    "ListEndpoints": list_endpoints,
    "ListInferenceComponents": list_inference_components,
    "ListTags": list_tags,
    "UpdateEndpoint": update_endpoint,
    "UpdateEndpointWeightsAndCapacities": update_endpoint_weights_and_capacities,
}


def seed_endpoint(
    seeder: Seeder,
    *,
    name: str,
    config: str | None = None,
    model: str | None = None,
    variants: list[dict[str, Any]] | None = None,
    tags: Tags | None = None,
    deployment_config: dict[str, Any] | None = None,
    config_fields: dict[str, Any] | None = None,
    autoscaling: list[dict[str, Any]] | None = None,
    inference_components: list[str] | None = None,
    status: str = "InService",
    failure_reason: str | None = None,
) -> None:
    """An endpoint with its configuration and models. `config_fields` go into CreateEndpointConfig as they are."""
    config, model = config or f"{name}-config", model or f"{name}-model"
    hosting = seeder.account.state(Hosting)
    described = [_seed_variant(**{"model": model, **variant}) for variant in variants or [{}]]
    shadows = (config_fields or {}).get("ShadowProductionVariants", [])
    for needed in {v["ModelName"] for v in [*(d["config"] for d in described), *shadows] if "ModelName" in v}:
        if needed not in hosting.models:
            role = f"arn:aws:iam::{seeder.account.id}:role/model"
            seeder.call("sagemaker", "CreateModel", ModelName=needed, ExecutionRoleArn=role, PrimaryContainer={})
    if config not in hosting.configs:
        fields = {"EndpointConfigName": config, "ProductionVariants": [d["config"] for d in described]}
        seeder.call("sagemaker", "CreateEndpointConfig", **fields, **(config_fields or {}))
    create = {"EndpointName": name, "EndpointConfigName": config}
    if deployment_config:
        rollback = deployment_config.get("AutoRollbackConfiguration") or {}
        for alarm in rollback.get("Alarms", []):
            if alarm["AlarmName"] not in seeder.account.state(cloudwatch.Alarms).alarms:
                cloudwatch.seed_alarm(seeder, name=alarm["AlarmName"])
        create["DeploymentConfig"] = deployment_config  # type: ignore[assignment]
    seeder.call("sagemaker", "CreateEndpoint", **create)
    endpoint = hosting.endpoints[name.lower()]
    endpoint.ends = endpoint.created
    settled(seeder.account)
    for variant, about in zip(endpoint.variants, described, strict=True):
        variant.update(about["running"])
    hosting.tags[endpoint.arn] = dict(tags or {})
    for target in autoscaling or []:
        _seed_target(seeder, name, **target)
    for component in inference_components or []:
        hosting.components.append(
            {
                "InferenceComponentName": component,
                "InferenceComponentArn": seeder.arn("sagemaker", f"inference-component/{component}"),
                "EndpointName": name,
                "EndpointArn": endpoint.arn,
                "VariantName": endpoint.variants[0]["VariantName"],
                "InferenceComponentStatus": "InService",
                "CreationTime": endpoint.created,
                "LastModifiedTime": endpoint.created,
            }
        )
    endpoint.status, endpoint.failure_reason = status, failure_reason


def _seed_target(
    seeder: Seeder,
    endpoint: str,
    *,
    variant: str = "AllTraffic",
    dimension: str = "sagemaker:variant:DesiredInstanceCount",
    **fields: Any,
) -> None:
    resource = f"endpoint/{endpoint}/variant/{variant}"
    autoscaling.seed_target(seeder, namespace="sagemaker", resource=resource, dimension=dimension, **fields)


def _seed_variant(
    *,
    model: str,
    name: str = "AllTraffic",
    instance_type: str = "ml.m5.large",
    initial_instance_count: int = 1,
    initial_weight: float = 1.0,
    current_instance_count: int | None = None,
    current_weight: float | None = None,
    serverless: dict[str, int] | None = None,
    current_serverless: dict[str, int] | None = None,
    managed_instance_scaling: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """A variant as its configuration describes it, and what of it runs differently."""
    config: dict[str, Any] = {"VariantName": name, "ModelName": model, "InitialVariantWeight": float(initial_weight)}
    if serverless:
        config["ServerlessConfig"] = serverless
    else:
        config |= {"InstanceType": instance_type, "InitialInstanceCount": initial_instance_count}
    if managed_instance_scaling:
        config["ManagedInstanceScaling"] = managed_instance_scaling
    running: dict[str, Any] = {}
    if current_instance_count is not None:
        running |= dict.fromkeys(("CurrentInstanceCount", "DesiredInstanceCount"), current_instance_count)
    if current_weight is not None:
        running |= dict.fromkeys(("CurrentWeight", "DesiredWeight"), float(current_weight))
    if current_serverless is not None:
        running |= {key: dict(current_serverless) for key in ("CurrentServerlessConfig", "DesiredServerlessConfig")}
    return {"config": config, "running": running}


def picture(inside: Inside) -> dict[str, Any]:
    hosting, endpoints = settled(inside.account), {}
    for key, endpoint in sorted(hosting.endpoints.items()):
        described = inside.call("sagemaker", "DescribeEndpoint", EndpointName=key)
        components = inside.call("sagemaker", "ListInferenceComponents", EndpointNameEquals=key, MaxResults=100)
        endpoints[endpoint.name] = {
            "config": described["EndpointConfigName"],
            "status": described["EndpointStatus"],
            "failure_reason": described.get("FailureReason"),
            "variants": _variants(described, "ProductionVariants"),
            "shadow_variants": _variants(described, "ShadowProductionVariants"),
            "deployment_config": described.get("LastDeploymentConfig"),
            "tags": in_order(inside.call("sagemaker", "ListTags", ResourceArn=endpoint.arn)["Tags"]),
            "inference_components": [c["InferenceComponentName"] for c in components["InferenceComponents"]],
        }
    configs = kept(hosting.configs, GENERATED)
    return {"endpoints": endpoints, "endpoint_configs": configs, "models": sorted(hosting.models)}


def _variants(described: dict[str, Any], which: str) -> dict[str, Any]:
    return {variant["VariantName"]: kept(variant, GENERATED) for variant in described.get(which, [])}


def tagged(inside: Inside) -> Iterable[tuple[str, Tags]]:
    return settled(inside.account).tags.items()


def _put_endpoint(account: Account, path: list[str], body: dict[str, Any]) -> dict[str, Any]:
    """Set an endpoint's status by hand; it stays until changed."""
    name, _status = path
    with account.lock:
        endpoint = settled(account).endpoints[name.lower()]
        endpoint.status, endpoint.failure_reason, endpoint.ends = body["status"], body.get("reason"), None
    return {}


def _capacity(account: Account, path: list[str], body: dict[str, Any]) -> dict[str, Any]:
    with account.lock:
        account.state(Hosting).no_capacity[body["endpoint"].lower()] = int(body["failures"])
    return {}


def _require_scalable(call: Call) -> None:
    """Only a variant of an endpoint in service can be registered."""
    resource = call.params["ResourceId"]
    if not resource.startswith("endpoint/"):
        return
    _, name, _, variant = resource.split("/")
    endpoint = settled(call.account).endpoints.get(name.lower())
    if endpoint is None or variant not in [v["VariantName"] for v in endpoint.variants]:
        raise _refuse(f"SageMaker variant doesn't exist: {resource}")
    if endpoint.status != "InService":
        raise _refuse(f"SageMaker endpoint is not in service: {resource}")


SERVICE = Service(
    "sagemaker",
    handlers=HANDLERS,
    own=True,
    names=("EndpointName", "EndpointConfigName", "ModelName", "EndpointNameEquals", "NameContains"),
    # A guess.
    throttling=Throttling(aws={"*": 10}),
    transitions={"creating": 0.3, "deleting": 0.3, "updating": 0.3, "stale": 0.0},
    seeds={"endpoints": seed_endpoint},
    picture=picture,
    tagged=tagged,
    commands={("PUT", "endpoints"): _put_endpoint, ("POST", "capacity"): _capacity},
    scalable=Scalable("SageMakerEndpoint", _require_scalable),
)
