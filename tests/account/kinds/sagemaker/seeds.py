"""Endpoints as a seed describes them, with their configurations, models and scaling."""

from __future__ import annotations

from typing import Any

from ... import autoscaling
from ...seed import Seeder
from ...tags import Tags
from .. import cloudwatch
from .hosting import Hosting, settled


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
