"""SageMaker hosting: endpoints with slow transitions, their configurations, models and tags.

The states and what each permits are those of DescribeEndpoint in the API reference
(https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html). The errors of an endpoint
that is missing, taken or in progress are not modelled by AWS; their texts are those that the service sends as
`ValidationException`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ... import autoscaling
from ...inside import Inside
from ...service import Ask, Call, Handlers, Scalable, Service, Throttling
from ...snapshot import kept
from ...state import Account
from ...tags import Tags, in_order
from . import endpoints, hosting, scaling
from .hosting import Hosting, settled
from .seeds import seed_endpoint

GENERATED = {"CreationTime", "EndpointConfigArn", "ModelArn"}

HANDLERS: Handlers = {
    "AddTags": hosting.add_tags,
    "CreateEndpoint": endpoints.create_endpoint,
    "CreateEndpointConfig": hosting.create_endpoint_config,
    "CreateModel": hosting.create_model,
    "DeleteEndpoint": endpoints.delete_endpoint,
    "DeleteEndpointConfig": hosting.delete_endpoint_config,
    "DeleteModel": hosting.delete_model,
    "DeleteTags": hosting.delete_tags,
    "DescribeEndpoint": endpoints.describe_endpoint,
    "DescribeEndpointConfig": hosting.describe_endpoint_config,
    "DescribeModel": hosting.describe_model,
    "ListEndpoints": endpoints.list_endpoints,
    "ListInferenceComponents": hosting.list_inference_components,
    "ListTags": hosting.list_tags,
    "UpdateEndpoint": endpoints.update_endpoint,
    "UpdateEndpointWeightsAndCapacities": endpoints.update_endpoint_weights_and_capacities,
}


def picture(inside: Inside) -> dict[str, Any]:
    state, result = settled(inside.account), {}
    for key, endpoint in sorted(state.endpoints.items()):
        described = inside.call("sagemaker", "DescribeEndpoint", EndpointName=key)
        components = inside.call("sagemaker", "ListInferenceComponents", EndpointNameEquals=key, MaxResults=100)
        result[endpoint.name] = {
            "config": described["EndpointConfigName"],
            "status": described["EndpointStatus"],
            "failure_reason": described.get("FailureReason"),
            "variants": _variants(described, "ProductionVariants"),
            "shadow_variants": _variants(described, "ShadowProductionVariants"),
            "deployment_config": described.get("LastDeploymentConfig"),
            "tags": in_order(inside.call("sagemaker", "ListTags", ResourceArn=endpoint.arn)["Tags"]),
            "inference_components": [c["InferenceComponentName"] for c in components["InferenceComponents"]],
        }
    configs = kept(state.configs, GENERATED)
    return {"endpoints": result, "endpoint_configs": configs, "models": sorted(state.models)}


def _variants(described: dict[str, Any], which: str) -> dict[str, Any]:
    return {variant["VariantName"]: kept(variant, GENERATED) for variant in described.get(which, [])}


def asks(call: Call) -> list[Ask]:
    name = call.resource.lower()
    endpoint = f"endpoint/{name}" if "EndpointName" in call.params else "any"
    match call.operation:
        case "CreateEndpoint":
            # For what it makes, for what it makes it from, and for the tags that it gives it.
            config = f"endpoint-config/{call.params.get('EndpointConfigName', '').lower()}"
            tagging = [call.ask(endpoint, "AddTags")] if call.params.get("Tags") else []
            return [call.ask(endpoint), call.ask(config), *tagging]
        case "DeleteEndpoint":
            # Who deletes an endpoint with scalable targets must be allowed to deregister them
            # (https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-delete-with-scaling.html).
            return [
                call.ask(endpoint),
                autoscaling.ask_of_target(call, "DeregisterScalableTarget", "sagemaker"),
            ]
        case "CreateEndpointConfig" | "DeleteEndpointConfig" | "DescribeEndpointConfig":
            return [call.ask(f"endpoint-config/{name}")]
        case "CreateModel" | "DeleteModel" | "DescribeModel":
            return [call.ask(f"model/{name}")]
    return [call.ask(endpoint)]


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
    asks=asks,
    commands={("PUT", "endpoints"): _put_endpoint, ("POST", "capacity"): _capacity},
    scalable=Scalable(
        "SageMakerEndpoint",
        ("AWS/SageMaker", "InvocationsPerInstance"),
        scaling.require_in_service,
        scaling.capacity,
        scaling.set_capacity,
        moves_when_registered=False,
    ),
)
