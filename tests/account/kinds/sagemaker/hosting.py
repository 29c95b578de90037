"""What an account's endpoints are made of: their state, configurations, models, tags and inference components."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ...messages import AwsError
from ...paging import page
from ...service import Call
from ...state import Account
from ...tags import Tags, pairs, remove, require_own

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


def when(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def refuse(message: str) -> AwsError:
    return AwsError("ValidationException", message)


def find_config(call: Call, hosting: Hosting, name: str) -> dict[str, Any]:
    if name in hosting.configs:
        return hosting.configs[name]
    raise refuse(f'Could not find endpoint configuration "{call.arn("sagemaker", f"endpoint-config/{name.lower()}")}".')


def require_models(call: Call, hosting: Hosting, config: dict[str, Any]) -> None:
    for variant in config["ProductionVariants"] + config.get("ShadowProductionVariants", []):
        model = variant.get("ModelName")
        if model and model not in hosting.models:
            raise refuse(f'Could not find model "{call.arn("sagemaker", f"model/{model.lower()}")}".')


def new_tags(call: Call, present: Tags) -> Tags:
    """With the tags of a call; 50 are the most a resource may carry."""
    added = {tag["Key"]: tag.get("Value", "") for tag in call.params.get("Tags") or []}
    require_own(added)
    if len(present | added) > 50:
        raise AwsError("ResourceLimitExceeded", "A resource cannot have more than 50 tags.")
    return present | added


def create_model(call: Call) -> dict[str, Any]:
    hosting, name = settled(call.account), call.params["ModelName"]
    arn = call.arn("sagemaker", f"model/{name.lower()}")
    if name in hosting.models:
        raise refuse(f'Cannot create already existing model "{arn}".')
    hosting.tags[arn] = new_tags(call, {})
    fields = {key: value for key, value in call.params.items() if key != "Tags"}
    hosting.models[name] = {**fields, "ModelArn": arn, "CreationTime": when(call.account.now())}
    return {"ModelArn": arn}


def describe_model(call: Call) -> dict[str, Any]:
    name = call.params["ModelName"]
    if model := settled(call.account).models.get(name):
        return model
    raise refuse(f'Could not find model "{call.arn("sagemaker", f"model/{name.lower()}")}".')


def delete_model(call: Call) -> None:
    """Deletes it even while an endpoint uses it."""
    settled(call.account).tags.pop(describe_model(call)["ModelArn"], None)
    del settled(call.account).models[call.params["ModelName"]]


def create_endpoint_config(call: Call) -> dict[str, Any]:
    hosting, name = settled(call.account), call.params["EndpointConfigName"]
    arn = call.arn("sagemaker", f"endpoint-config/{name.lower()}")
    if name in hosting.configs:
        raise refuse(f'Cannot create already existing endpoint configuration "{arn}".')
    fields = {key: value for key, value in call.params.items() if key != "Tags"}
    require_models(call, hosting, fields)
    hosting.tags[arn] = new_tags(call, {})
    hosting.configs[name] = {**fields, "EndpointConfigArn": arn, "CreationTime": when(call.account.now())}
    return {"EndpointConfigArn": arn}


def describe_endpoint_config(call: Call) -> dict[str, Any]:
    return find_config(call, settled(call.account), call.params["EndpointConfigName"])


def delete_endpoint_config(call: Call) -> None:
    """Deletes it even while an endpoint uses it."""
    config = describe_endpoint_config(call)
    settled(call.account).tags.pop(config["EndpointConfigArn"], None)
    del settled(call.account).configs[call.params["EndpointConfigName"]]


def list_tags(call: Call) -> dict[str, Any]:
    return {"Tags": pairs(settled(call.account).tags.get(call.params["ResourceArn"], {}))}


def add_tags(call: Call) -> dict[str, Any]:
    hosting, arn = settled(call.account), call.params["ResourceArn"]
    if arn not in hosting.tags:
        raise refuse(f'Could not find resource "{arn}".')
    hosting.tags[arn] = new_tags(call, hosting.tags[arn])
    return {"Tags": pairs(hosting.tags[arn])}


def delete_tags(call: Call) -> None:
    remove(settled(call.account).tags.get(call.params["ResourceArn"], {}), call.params["TagKeys"])


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
