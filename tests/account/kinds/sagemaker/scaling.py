"""Variants as Application Auto Scaling scales them: the resource id is endpoint/NAME/variant/VARIANT."""

from __future__ import annotations

from typing import Any

from ...inside import Inside
from ...service import Call
from .hosting import refuse, settled

PROVISIONED = "sagemaker:variant:DesiredProvisionedConcurrency"


def require_in_service(call: Call) -> None:
    """Only a variant of an endpoint in service can be registered."""
    resource = call.params["ResourceId"]
    if not resource.startswith("endpoint/"):
        return
    _, name, _, variant = resource.split("/")
    endpoint = settled(call.account).endpoints.get(name.lower())
    if endpoint is None or variant not in [v["VariantName"] for v in endpoint.variants]:
        raise refuse(f"SageMaker variant doesn't exist: {resource}")
    if endpoint.status != "InService":
        raise refuse(f"SageMaker endpoint is not in service: {resource}")


def capacity(inside: Inside, resource: str, dimension: str) -> int | None:
    """Of a variant in service, its instances or its provisioned concurrency."""
    if not resource.startswith("endpoint/"):
        return None
    _, name, _, variant_name = resource.split("/")
    endpoint = settled(inside.account).endpoints.get(name.lower())
    if endpoint is None or endpoint.status != "InService":
        return None
    variant = next(variant for variant in endpoint.variants if variant["VariantName"] == variant_name)
    if dimension == PROVISIONED:
        return variant.get("CurrentServerlessConfig", {}).get("ProvisionedConcurrency")
    return variant.get("CurrentInstanceCount")


def set_capacity(inside: Inside, resource: str, dimension: str, capacity: int) -> None:
    _, name, _, variant = resource.split("/")
    desired: dict[str, Any] = {"VariantName": variant, "DesiredInstanceCount": capacity}
    if dimension == PROVISIONED:
        desired = {"VariantName": variant, "ServerlessUpdateConfig": {"ProvisionedConcurrency": capacity}}
    update = {"EndpointName": name, "DesiredWeightsAndCapacities": [desired]}
    inside.call("sagemaker", "UpdateEndpointWeightsAndCapacities", **update)
