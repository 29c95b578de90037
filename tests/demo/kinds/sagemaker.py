"""Endpoints."""

from __future__ import annotations

from typing import Any

from account.client import Client

from . import Looks, several

STOPPED: Looks = {("endpoint", "user-journey-analytics-exit-risk-endpoint"): "gone"}


def look(account: Client, project: str) -> Looks:
    sagemaker = account.client("sagemaker")
    return {
        ("endpoint", one["EndpointName"]): _words(sagemaker, one) for one in sagemaker.list_endpoints()["Endpoints"]
    }


def _words(sagemaker: Any, endpoint: dict[str, Any]) -> str:
    described = sagemaker.describe_endpoint(EndpointName=endpoint["EndpointName"])
    instances = sum(variant["CurrentInstanceCount"] for variant in described["ProductionVariants"])
    return f"{described['EndpointStatus']}, {several(instances, 'instance')}"
