"""Services."""

from __future__ import annotations

from account.client import Client

from . import Looks, several

SEED = {
    "services": [
        {
            "name": "user-journey-analytics-api",
            "cluster": "analytics",
            "desired": 2,
            "cpu": 512,
            "memory": 1024,
            "tags": {"Project": "user-journey-analytics"},
            "autoscaling": {"min": 1, "max": 4},
        }
    ]
}
STOPPED: Looks = {("service", "analytics/user-journey-analytics-api"): "0 tasks"}


def look(account: Client, project: str) -> Looks:
    ecs, seen = account.client("ecs"), {}
    for cluster in ecs.list_clusters()["clusterArns"]:
        if arns := ecs.list_services(cluster=cluster)["serviceArns"]:
            for service in ecs.describe_services(cluster=cluster, services=arns)["services"]:
                name = f"{cluster.rsplit('/', 1)[-1]}/{service['serviceName']}"
                seen["service", name] = several(service["runningCount"], "task")
    return seen
