"""An AWS service: all that the account knows of it, and a call of one of its operations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import moto_bridge
from .messages import AwsError, Request, Response

if TYPE_CHECKING:
    from .inside import Inside
    from .state import Account

# What executes an operation; a dictionary is rendered in the call's protocol.
Handler = Callable[["Call"], dict[str, Any] | Response | None]
Handlers = dict[str, Handler]
# What a test may do to the account: it gets the rest of the path, and the body with the query's arguments.
Command = Callable[["Account", list[str], Any], Any]
Commands = dict[tuple[str, str], Command]

# The first of these that a call has names what it is about, if no name of its own service does.
RESOURCE_KEYS = ("ResourceId", "ResourceARN", "ResourceArn", "ResourceARNList", "Resource", "Name")


@dataclass(frozen=True)
class Ask:
    """What IAM is asked for a call: an action on a resource, with what AWS tells of it beside.

    https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
    """

    action: str
    resource: str
    context: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Throttling:
    """How many calls a second a service takes, and what it answers to one more."""

    code: str = "ThrottlingException"
    status: int = 400
    # AWS's published limits by operation, and under "*" the limit of all operations together.
    aws: dict[str, Any] = field(default_factory=dict)
    # Operations that do not count toward the limit of all.
    apart: tuple[str, ...] = ()
    # Operations whose limits hold for each resource, and not for the account.
    per_resource: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scalable:
    """What Application Auto Scaling must know of the resources in a service's namespace."""

    # The last part of the name of the service-linked role.
    role: str
    # Namespace and name of the metric that a target-tracking policy's alarms watch.
    metric: tuple[str, str]
    # Refuses a call that registers what cannot be scaled.
    require: Callable[[Call], None] = lambda call: None
    # The capacity of a target, by its resource id and dimension. None: it has none, or nobody can change it now.
    capacity: Callable[[Inside, str, str], int | None] = lambda inside, resource, dimension: None
    # Begins to change the capacity.
    set_capacity: Callable[[Inside, str, str, int], None] = lambda inside, resource, dimension, capacity: None
    # Whether registering a target moves its capacity into the range, as AWS does. Without it, a test sees what the
    # function itself has set.
    moves_when_registered: bool = True


@dataclass(frozen=True)
class Service:
    """One AWS service. What is left out is what holds of a service that is left to moto."""

    # As the call log, the faults and the rates name it.
    name: str
    # The operations that the account executes itself. All others are moto's …
    handlers: Handlers = field(default_factory=dict)
    # … unless moto must not execute any, because the service's state lives here.
    own: bool = False
    # Operations that may take minutes: they are not executed under the account's lock.
    unlocked: Handlers = field(default_factory=dict)
    # The service in a request's signature, where it has another name there.
    signed_as: str = ""
    # Of a service whose operations are in the request's path, "rest-json" or "rest-xml".
    protocol: str = ""
    # Of a service that speaks CBOR, the name of its model in botocore.
    model: str = ""
    # Of a JSON service that is left to moto, the prefix of X-Amz-Target and the content type.
    target: tuple[str, str] = ("", "")
    # The first of these parameters that a call has names the resource in the call log.
    names: tuple[str, ...] = ()
    throttling: Throttling = field(default_factory=Throttling)
    # The transitions of its resources, with the seconds that each takes unless a test says otherwise. A stale answer
    # is one, too: it ends when the truth shows.
    transitions: dict[str, float] = field(default_factory=dict)
    # Other settings of the account that are this service's, with what they are at first.
    settings: dict[str, Any] = field(default_factory=dict)
    # Parts of a seed, and what makes one item of each; its keyword arguments are the fields.
    seeds: dict[str, Callable[..., str | None]] = field(default_factory=dict)
    # This service's parts of a snapshot.
    picture: Callable[[Inside], dict[str, Any]] = lambda inside: {}
    # What IAM is asked for a call. Unless told otherwise, the operation on what the call names by its ARN.
    asks: Callable[[Call], list[Ask]] = lambda call: [call.ask()]
    # The service in the name of an IAM action, where it has another name there.
    iam: str = ""
    # The tags of each resource that the Resource Groups Tagging API finds, by ARN.
    tagged: Callable[[Inside], Iterable[tuple[str, dict[str, str]]]] = lambda inside: ()
    commands: Commands = field(default_factory=dict)
    scalable: Scalable | None = None

    def rate_keys(self, operation: str) -> tuple[str, ...]:
        """The limits that a call of this operation counts toward."""
        own = f"{self.name}.{operation}"
        return (own,) if operation in self.throttling.apart else (self.name, own)


class Services:
    """The services of the account, by name. Any other is left to moto."""

    def __init__(self, *services: Service) -> None:
        self._by_name = {service.name: service for service in services}
        self._by_signature = {service.signed_as or service.name: service for service in services}

    def __iter__(self) -> Iterator[Service]:
        return iter(self._by_name.values())

    def __getitem__(self, name: str) -> Service:
        return self._by_name.get(name) or Service(name)

    def signed_for(self, name: str) -> Service:
        return self._by_signature.get(name) or self[name]


@dataclass
class Call:
    """One API call, understood."""

    account: Account
    region: str
    service: Service
    operation: str
    params: dict[str, Any]
    protocol: str
    request: Request
    process: int | None = None

    @property
    def resource(self) -> str:
        """What the call is about: a name, an ARN, several names joined with a comma, or nothing."""
        if "Bucket" in self.params:
            return "/".join(part for part in (self.params["Bucket"], self.params.get("Key")) if part)
        keys = self.service.names + RESOURCE_KEYS
        value = next((self.params[key] for key in keys if self.params.get(key)), "")
        return ",".join(map(str, value)) if isinstance(value, list) else str(value)

    def arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{self.region}:{self.account.id}:{resource}"

    def ask(self, resource: str = "any", action: str = "", **context: str) -> Ask:
        """An action of this service, on what the call names by its ARN or else on a resource of the service."""
        named = self.resource if self.resource.startswith("arn:") else self.arn(self.service.name, resource)
        return Ask(f"{self.service.iam or self.service.name}:{action or self.operation}", named, context)

    def forward(self) -> Response:
        """Have moto execute this call."""
        if self.protocol != "cbor":
            return moto_bridge.send(self.account.id, self.request)
        raise AwsError("UnknownOperationException", f"{self.operation} is not simulated.", 404)
