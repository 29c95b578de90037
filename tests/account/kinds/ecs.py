"""ECS services: desired counts that tasks follow slowly, deployments, daemons, and what scales them.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html. moto places no tasks: its services have
the counts that they were asked for, and refuse nothing. So this is the account's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .. import autoscaling
from ..inside import Inside
from ..messages import AwsError
from ..paging import page
from ..seed import Seeder
from ..service import Ask, Call, Handlers, Scalable, Service, Throttling
from ..snapshot import kept
from ..state import Account
from ..tags import Tags

DIMENSION = "ecs:service:DesiredCount"
SERVICES_A_CALL = 10
GENERATED = {"createdAt", "updatedAt", "id", "events", "serviceArn"}


@dataclass
class Running:
    """A service with its tasks."""

    name: str
    cluster: str
    arn: str
    created: float
    task_definition: str
    desired: int
    running: int
    fields: dict[str, Any]
    tags: Tags
    status: str = "ACTIVE"
    task_sets: int = 0
    # When as many tasks run as are wanted.
    ends: float | None = None
    # When a deployment is over, and what it replaces.
    deployed: float | None = None
    # Why no task can be placed.
    hindrance: str | None = None
    # The count that an answer still shows, and until when.
    shown: tuple[int, float] | None = None
    events: list[dict[str, Any]] = field(default_factory=list)

    @property
    def is_daemon(self) -> bool:
        return self.fields["schedulingStrategy"] == "DAEMON"

    @property
    def controller(self) -> str:
        controller: str = self.fields["deploymentController"]["type"]
        return controller

    def tell(self, when: float, words: str) -> None:
        """The newest event comes first."""
        event = {"id": f"event-{len(self.events)}", "createdAt": when, "message": f"(service {self.name}) {words}"}
        self.events.insert(0, event)


@dataclass
class Containers:
    clusters: list[str] = field(default_factory=list)
    # By cluster and name. A service that was deleted stays for a while.
    services: dict[tuple[str, str], Running] = field(default_factory=dict)
    definitions: dict[str, dict[str, Any]] = field(default_factory=dict)


def settled(account: Account) -> Containers:
    """The services, with every transition finished whose time has come."""
    state = account.state(Containers)
    for service in state.services.values():
        if service.ends is not None and account.is_over("tasks", service.ends):
            _arrive(service, account.now())
        if service.deployed is not None and account.is_over("deploying", service.deployed):
            service.deployed = None
    return state


def _arrive(service: Running, now: float) -> None:
    if service.hindrance and service.desired > service.running:
        return
    service.running, service.ends = service.desired, None
    if service.status == "DRAINING":
        service.status = "INACTIVE"
    else:
        service.tell(now, "has reached a steady state.")


def _short(name: str) -> str:
    return name.rsplit("/", 1)[-1]


def _cluster(call: Call) -> str:
    cluster = _short(call.params.get("cluster") or "default")
    if cluster not in settled(call.account).clusters:
        raise AwsError("ClusterNotFoundException", "Cluster not found.")
    return cluster


def _find(call: Call) -> Running:
    key = (_cluster(call), _short(call.params["service"]))
    service = settled(call.account).services.get(key)
    if service is None:
        raise AwsError("ServiceNotFoundException", "Service not found.")
    return service


def _set_count(account: Account, service: Running, desired: int) -> None:
    service.shown = (service.desired, account.now() + account.settings.lagging_seconds)
    service.desired = desired
    service.ends = None if desired == service.running else account.now() + account.settings.tasks_seconds
    if service.hindrance and desired > service.running:
        service.tell(account.now(), service.hindrance)


def update_service(call: Call) -> dict[str, Any]:
    service, desired = _find(call), call.params.get("desiredCount")
    if service.status != "ACTIVE":
        raise AwsError("ServiceNotActiveException", "Service was not ACTIVE.")
    if desired is not None and service.is_daemon:
        raise AwsError(
            "InvalidParameterException",
            "The daemon scheduling strategy does not support a desired count for services. Remove the desired count "
            "value and try again.",
        )
    if desired is not None and service.controller != "ECS" and service.task_sets > 1:
        # That it is refused is documented, and not how.
        raise AwsError(
            "InvalidParameterException", "Cannot update the desired count while a deployment is in progress."
        )
    definition = call.params.get("taskDefinition")
    if definition is not None and service.controller != "ECS":
        raise AwsError(
            "InvalidParameterException",
            f"Unable to update task definition on services with a {service.controller} deployment controller.",
        )
    if definition is not None:
        service.task_definition = _definition(call, definition)["taskDefinitionArn"]
        service.deployed = call.account.now() + call.account.settings.deploying_seconds
    if desired is not None:
        _set_count(call.account, service, int(desired))
    return {"service": describe(call.account, service)}


def describe(account: Account, service: Running) -> dict[str, Any]:
    desired = service.desired
    if service.shown and not account.is_over("lagging", service.shown[1]):
        desired = service.shown[0]
    is_ecs = service.controller == "ECS"
    state = "COMPLETED" if service.deployed is None else "IN_PROGRESS"
    primary = {
        "id": "ecs-svc/1",
        "status": "PRIMARY",
        "taskDefinition": service.task_definition,
        "desiredCount": desired,
        "runningCount": service.running,
        "rolloutState": state,
    }
    replaced = [] if service.deployed is None else [{**primary, "id": "ecs-svc/0", "status": "ACTIVE"}]
    sets = [{"id": f"ecs-svc/set-{n}", "status": "ACTIVE" if n else "PRIMARY"} for n in range(service.task_sets)]
    return {
        "serviceName": service.name,
        "serviceArn": service.arn,
        "clusterArn": _cluster_arn(service.arn, service.cluster),
        "status": service.status,
        "createdAt": service.created,
        "desiredCount": 0 if service.is_daemon else desired,
        "runningCount": service.running,
        "pendingCount": max(0, service.desired - service.running),
        "taskDefinition": service.task_definition,
        "deployments": [primary, *replaced] if is_ecs else [],
        "taskSets": sets,
        "events": service.events[:100],
        **service.fields,
    }


def _cluster_arn(service_arn: str, cluster: str) -> str:
    return f"{service_arn.rsplit(':', 1)[0]}:cluster/{cluster}"


def describe_services(call: Call) -> dict[str, Any]:
    cluster, names = _cluster(call), call.params["services"]
    if len(names) > SERVICES_A_CALL:
        raise AwsError("InvalidParameterException", f"Services cannot be longer than {SERVICES_A_CALL}.")
    with_tags = "TAGS" in (call.params.get("include") or [])
    found, missing = [], []
    for name in map(_short, names):
        service = settled(call.account).services.get((cluster, name))
        if service is None:
            missing.append({"arn": call.arn("ecs", f"service/{cluster}/{name}"), "reason": "MISSING"})
        else:
            tags = [{"key": key, "value": value} for key, value in service.tags.items()]
            found.append(describe(call.account, service) | ({"tags": tags} if with_tags else {}))
    return {"services": found, "failures": missing}


def list_services(call: Call) -> dict[str, Any]:
    """Ten a page, unless asked for more."""
    cluster = _cluster(call)
    arns = [
        service.arn
        for (where, _), service in sorted(settled(call.account).services.items())
        if where == cluster and service.status != "INACTIVE"
    ]
    chosen, token = _page(call, arns, 10)
    return {"serviceArns": chosen} | ({"nextToken": token} if token else {})


def list_clusters(call: Call) -> dict[str, Any]:
    arns = [call.arn("ecs", f"cluster/{name}") for name in sorted(settled(call.account).clusters)]
    chosen, token = _page(call, arns, 100)
    return {"clusterArns": chosen} | ({"nextToken": token} if token else {})


def _page(call: Call, arns: list[str], usual: int) -> tuple[Any, str | None]:
    size = int(call.params.get("maxResults") or usual)
    if not 1 <= size <= 100:
        raise AwsError("InvalidParameterException", "maxResults must be between 1 and 100.")
    return page(arns, size, call.params.get("nextToken"), "InvalidParameterException")


def _definition(call: Call, name: str) -> dict[str, Any]:
    definitions = settled(call.account).definitions
    for arn, definition in definitions.items():
        if name in (arn, _short(arn), definition["family"]):
            return definition
    raise AwsError("ClientException", "Unable to describe task definition.")


def describe_task_definition(call: Call) -> dict[str, Any]:
    return {"taskDefinition": _definition(call, call.params["taskDefinition"])}


def register_task_definition(call: Call) -> dict[str, Any]:
    definitions, family = settled(call.account).definitions, call.params["family"]
    revision = sum(definition["family"] == family for definition in definitions.values()) + 1
    arn = call.arn("ecs", f"task-definition/{family}:{revision}")
    definitions[arn] = {**call.params, "taskDefinitionArn": arn, "revision": revision, "status": "ACTIVE"}
    return {"taskDefinition": definitions[arn]}


def create_cluster(call: Call) -> dict[str, Any]:
    clusters, name = settled(call.account).clusters, call.params["clusterName"]
    if name not in clusters:
        clusters.append(name)
    return {"cluster": {"clusterName": name, "clusterArn": call.arn("ecs", f"cluster/{name}"), "status": "ACTIVE"}}


def create_service(call: Call) -> dict[str, Any]:
    params, cluster = call.params, _cluster(call)
    services, name = settled(call.account).services, params["serviceName"]
    before = services.get((cluster, name))
    if before is not None and before.status != "INACTIVE":
        raise AwsError("InvalidParameterException", "Creation of service was not idempotent.")
    fields = {
        "schedulingStrategy": params.get("schedulingStrategy") or "REPLICA",
        "deploymentController": params.get("deploymentController") or {"type": "ECS"},
    }
    # Where a strategy is used, there is no launch type.
    if params.get("capacityProviderStrategy"):
        fields["capacityProviderStrategy"] = params["capacityProviderStrategy"]
    else:
        fields["launchType"] = params.get("launchType") or "EC2"
    service = Running(
        name=name,
        cluster=cluster,
        arn=call.arn("ecs", f"service/{cluster}/{name}"),
        created=call.account.now(),
        task_definition=_definition(call, params["taskDefinition"])["taskDefinitionArn"],
        desired=int(params.get("desiredCount") or 0),
        running=0,
        fields=fields,
        tags={tag["key"]: tag["value"] for tag in params.get("tags") or []},
    )
    services[cluster, name] = service
    _set_count(call.account, service, service.desired)
    return {"service": describe(call.account, service)}


def delete_service(call: Call) -> dict[str, Any]:
    """With `force`, its tasks are stopped. Its last tasks drain."""
    service = _find(call)
    if service.desired > 0 and not call.params.get("force") and not service.is_daemon:
        raise AwsError("InvalidParameterException", "The service cannot be stopped while it is scaled above 0.")
    service.status = "DRAINING" if service.running else "INACTIVE"
    _set_count(call.account, service, 0)
    return {"service": describe(call.account, service)}


HANDLERS: Handlers = {
    "CreateCluster": create_cluster,
    "CreateService": create_service,
    "DeleteService": delete_service,
    "DescribeServices": describe_services,
    "DescribeTaskDefinition": describe_task_definition,
    "ListClusters": list_clusters,
    "ListServices": list_services,
    "RegisterTaskDefinition": register_task_definition,
    "UpdateService": update_service,
}


def seed_service(
    seeder: Seeder,
    *,
    name: str,
    cluster: str = "default",
    desired: int = 1,
    cpu: int = 256,
    memory: int = 512,
    arm: bool = False,
    windows: bool = False,
    storage: int | None = None,
    requires: list[str] | None = None,
    launch_type: str | None = "FARGATE",
    strategy: list[dict[str, Any]] | None = None,
    scheduling: str = "REPLICA",
    controller: str = "ECS",
    task_sets: int = 0,
    deploying: bool = False,
    hindrance: str | None = None,
    tags: Tags | None = None,
    autoscaling: dict[str, Any] | None = None,
    old_arn: bool = False,
) -> None:
    """A service in a cluster, which is made if it is missing. `hindrance`: why no more tasks can be placed."""
    platform = {
        "cpuArchitecture": "ARM64" if arm else "X86_64",
        "operatingSystemFamily": "WINDOWS_SERVER_2022_CORE" if windows else "LINUX",
    }
    definition = {
        "family": f"{cluster}-{name}",
        "cpu": str(cpu),
        "memory": str(memory),
        "requiresCompatibilities": requires or ["FARGATE"],
        "runtimePlatform": platform,
    }
    if storage is not None:
        definition["ephemeralStorage"] = {"sizeInGiB": storage}
    seeder.call("ecs", "CreateCluster", clusterName=cluster)
    seeder.call("ecs", "RegisterTaskDefinition", **definition)
    seeder.call(
        "ecs",
        "CreateService",
        cluster=cluster,
        serviceName=name,
        taskDefinition=f"{cluster}-{name}",
        desiredCount=desired,
        launchType=launch_type,
        capacityProviderStrategy=strategy,
        schedulingStrategy=scheduling,
        deploymentController={"type": controller},
        tags=[{"key": key, "value": value} for key, value in (tags or {}).items()],
    )
    service = settled(seeder.account).services[cluster, name]
    # As it is: its tasks run, unless they cannot.
    service.running, service.ends, service.shown = desired, None, None
    service.hindrance, service.task_sets = hindrance, task_sets
    if deploying:
        service.deployed = seeder.account.now() + seeder.account.settings.deploying_seconds
    if old_arn:
        service.arn = seeder.arn("ecs", f"service/{name}")
    if autoscaling is not None:
        _seed_target(seeder, f"service/{cluster}/{name}", **autoscaling)


def _seed_target(seeder: Seeder, resource: str, **fields: Any) -> None:
    autoscaling.seed_target(seeder, namespace="ecs", resource=resource, dimension=DIMENSION, **fields)


def seed_cluster(seeder: Seeder, *, name: str) -> None:
    seeder.call("ecs", "CreateCluster", clusterName=name)


def picture(inside: Inside) -> dict[str, Any]:
    state = settled(inside.account)
    services = {
        f"{cluster}/{name}": kept(describe(inside.account, service), GENERATED) | {"tags": dict(service.tags)}
        for (cluster, name), service in sorted(state.services.items())
        if service.status != "INACTIVE"
    }
    return {"services": services, "clusters": sorted(state.clusters)}


def tagged(inside: Inside) -> Iterator[tuple[str, Tags]]:
    for service in settled(inside.account).services.values():
        yield service.arn, service.tags


def asks(call: Call) -> list[Ask]:
    """https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html"""
    cluster = _short(call.params.get("cluster") or "default")
    context = {"ecs:cluster": call.arn("ecs", f"cluster/{cluster}")}
    match call.operation:
        case "DescribeServices":
            names = map(_short, call.params["services"])
            return [_ask(call, f"service/{cluster}/{name}", context) for name in names]
        case "UpdateService" | "DeleteService":
            return [_ask(call, f"service/{cluster}/{_short(call.params['service'])}", context)]
        case "ListServices":
            return [_ask(call, "any", context)]
    return [_ask(call, "any", {})]


def _ask(call: Call, resource: str, context: dict[str, str]) -> Ask:
    return Ask(f"ecs:{call.operation}", call.arn("ecs", resource), context)


def _require_service(call: Call) -> None:
    """Only a service that is there can be registered."""
    resource = call.params["ResourceId"]
    _, cluster, name = resource.split("/")
    service = settled(call.account).services.get((cluster, name))
    if service is None or service.status != "ACTIVE":
        raise AwsError("ValidationException", f"ECS service doesn't exist: {resource}")


def _capacity(inside: Inside, resource: str, dimension: str) -> int | None:
    _, cluster, name = resource.split("/")
    service = settled(inside.account).services.get((cluster, name))
    return None if service is None or service.is_daemon or service.status != "ACTIVE" else service.desired


def _set_capacity(inside: Inside, resource: str, dimension: str, capacity: int) -> None:
    _, cluster, name = resource.split("/")
    _set_count(inside.account, settled(inside.account).services[cluster, name], capacity)


def _put_service(account: Account, path: list[str], body: dict[str, Any]) -> dict[str, Any]:
    """Let something be so of a service: what keeps its tasks from being placed, or how many task sets it has."""
    with account.lock:
        service = settled(account).services[path[0], path[1]]
        service.hindrance = body.get("hindrance", service.hindrance)
        service.task_sets = int(body.get("task_sets", service.task_sets))
        if service.ends is not None and service.hindrance is None:
            service.ends = account.now()
    return {}


SERVICE = Service(
    "ecs",
    handlers=HANDLERS,
    own=True,
    target=("AmazonEC2ContainerServiceV20141113", "application/x-amz-json-1.1"),
    names=("service", "services", "serviceName", "taskDefinition", "cluster", "clusterName"),
    # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html
    throttling=Throttling(
        aws={
            "ListClusters": {"rate": 20, "burst": 50},
            "ListServices": {"rate": 20, "burst": 100},
            "DescribeServices": {"rate": 20, "burst": 100},
            "DescribeTaskDefinition": {"rate": 20, "burst": 50},
            "UpdateService": {"rate": 5, "burst": 50},
        },
    ),
    transitions={"tasks": 0.3, "deploying": 0.3, "lagging": 0.0},
    seeds={"clusters": seed_cluster, "services": seed_service},
    picture=picture,
    tagged=tagged,
    asks=asks,
    commands={("PUT", "services"): _put_service},
    scalable=Scalable("ECSService", ("AWS/ECS", "CPUUtilization"), _require_service, _capacity, _set_capacity),
)
