"""Lambda's control plane: moto's functions, with concurrency, provisioned concurrency and mappings as AWS has them.

https://docs.aws.amazon.com/lambda/latest/api/. Invocations are the host's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from .. import host, moto_bridge
from ..inside import Inside
from ..messages import AwsError, Response
from ..paging import page
from ..protocols import render
from ..seed import Seeder
from ..service import Call, Handlers, Scalable, Service, Throttling
from ..snapshot import kept
from ..state import Account
from ..tags import Tags
from . import dynamodb

ROLE = "function"
GENERATED = {"EventSourceMappingArn", "LastModified", "UUID"}


@dataclass
class Provisioned:
    requested: int
    modified: float
    ready: float


@dataclass
class Functions:
    # Provisioned concurrency by function and qualifier; mappings in transition by id: when it ends and its state.
    provisioned: dict[tuple[str, str], Provisioned] = field(default_factory=dict)
    mappings: dict[str, tuple[float, str]] = field(default_factory=dict)
    recursion: dict[str, str] = field(default_factory=dict)
    # Parts of a function's configuration that moto forgets, by function.
    fields: dict[str, dict[str, Any]] = field(default_factory=dict)


def name_of(function: str) -> str:
    """The name in a function's name, partial ARN or ARN, with or without a qualifier."""
    parts = function.split(":")
    if "function" in parts:
        return parts[parts.index("function") + 1]
    return parts[0]


def backend(account: Account, region: str) -> Any:
    return moto_bridge.backend("lambda", account.id, region)


def find(account: Account, region: str, function: str) -> Any:
    """moto's function of this name; an unknown one is `ResourceNotFoundException`."""
    name = name_of(function)
    # Not by listing them: a bench has thousands, and asks about each.
    if found := backend(account, region)._lambdas._functions.get(name):
        return found["latest"]
    arn = f"arn:aws:lambda:{region}:{account.id}:function:{name}"
    raise AwsError("ResourceNotFoundException", f"Function not found: {arn}", 404)


def _find(call: Call) -> Any:
    return find(call.account, call.region, call.params["FunctionName"])


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidParameterValueException", message)


def _total_provisioned(call: Call, name: str, without: str = "") -> int:
    provisioned = call.account.state(Functions).provisioned
    return sum(p.requested for (n, qualifier), p in provisioned.items() if n == name and qualifier != without)


# --- Reserved concurrency


def unreserved(account: Account, region: str, without: str = "") -> int:
    """What the account has left for functions without a reservation."""
    functions = backend(account, region).list_functions()
    reserved = sum(int(f.reserved_concurrency or 0) for f in functions if f.function_name != without)
    return account.settings.account_concurrency - reserved


def get_function_concurrency(call: Call) -> dict[str, Any]:
    """Without the field when nothing is reserved."""
    reserved = _find(call).reserved_concurrency
    return {} if reserved is None else {"ReservedConcurrentExecutions": int(reserved)}


def put_function_concurrency(call: Call) -> dict[str, Any]:
    function, wanted = _find(call), int(call.params["ReservedConcurrentExecutions"])
    name, minimum = function.function_name, call.account.settings.unreserved_minimum
    if wanted < (total := _total_provisioned(call, name)):
        raise _invalid(
            f"ReservedConcurrentExecutions {wanted} should not be lower than "
            f"function's total provisioned concurrency [{total}]."
        )
    if wanted and unreserved(call.account, call.region, without=name) - wanted < minimum:
        raise _invalid(
            "Specified ReservedConcurrentExecutions for function decreases account's "
            f"UnreservedConcurrentExecution below its minimum value of [{minimum}]."
        )
    function.reserved_concurrency = wanted
    return {"ReservedConcurrentExecutions": wanted}


def delete_function_concurrency(call: Call) -> Response:
    _find(call).reserved_concurrency = None
    return Response(204)


def get_account_settings(call: Call) -> dict[str, Any]:
    functions = list(backend(call.account, call.region).list_functions())
    limit = {
        "ConcurrentExecutions": call.account.settings.account_concurrency,
        "UnreservedConcurrentExecutions": unreserved(call.account, call.region),
    }
    return {"AccountLimit": limit, "AccountUsage": {"FunctionCount": len(functions)}}


# --- Provisioned concurrency


def _described(call: Call, provisioned: Provisioned) -> dict[str, Any]:
    ready = call.account.is_over("provisioning", provisioned.ready)
    modified = datetime.fromtimestamp(provisioned.modified, UTC)
    return {
        "RequestedProvisionedConcurrentExecutions": provisioned.requested,
        "AvailableProvisionedConcurrentExecutions": provisioned.requested if ready else 0,
        "AllocatedProvisionedConcurrentExecutions": provisioned.requested if ready else 0,
        "Status": "READY" if ready else "IN_PROGRESS",
        "LastModified": modified.strftime("%Y-%m-%dT%H:%M:%S+0000"),
    }


def put_provisioned_concurrency_config(call: Call) -> Response:
    function, qualifier = _find(call), call.params["Qualifier"]
    wanted = int(call.params["ProvisionedConcurrentExecutions"])
    name, functions = function.function_name, backend(call.account, call.region)
    if qualifier == "$LATEST":
        raise _invalid("Provisioned Concurrency Configs cannot be applied to unpublished function versions.")
    versions = [str(f.version) for f in functions.list_versions_by_function(name)]
    if qualifier not in versions + [alias.name for alias in functions.list_aliases(name)]:
        raise AwsError("ResourceNotFoundException", f"Function not found: {function.function_arn}:{qualifier}", 404)
    reserved = function.reserved_concurrency
    if reserved is not None and _total_provisioned(call, name, qualifier) + wanted > int(reserved):
        raise _invalid(
            "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function"
        )
    now = call.account.now()
    config = Provisioned(wanted, now, now + call.account.settings.provisioning_seconds)
    call.account.state(Functions).provisioned[name, qualifier] = config
    return render(call, _described(call, config), 202)


def get_provisioned_concurrency_config(call: Call) -> dict[str, Any]:
    key = (_find(call).function_name, call.params["Qualifier"])
    if config := call.account.state(Functions).provisioned.get(key):
        return _described(call, config)
    raise AwsError(
        "ProvisionedConcurrencyConfigNotFoundException",
        "No Provisioned Concurrency Config found for this function",
        404,
    )


def delete_provisioned_concurrency_config(call: Call) -> Response:
    key = (_find(call).function_name, call.params["Qualifier"])
    call.account.state(Functions).provisioned.pop(key, None)
    return Response(204)


def list_provisioned_concurrency_configs(call: Call) -> dict[str, Any]:
    function = _find(call)
    configs = [
        {"FunctionArn": f"{function.function_arn}:{qualifier}", **_described(call, config)}
        for (name, qualifier), config in sorted(call.account.state(Functions).provisioned.items())
        if name == function.function_name
    ]
    chosen, marker = page(configs, int(call.params.get("MaxItems") or 50), call.params.get("Marker"))
    return {"ProvisionedConcurrencyConfigs": chosen} | ({"NextMarker": marker} if marker else {})


# --- Event source mappings


def _mapping(call: Call, mapping: Any) -> dict[str, Any]:
    transitions, result = call.account.state(Functions).mappings, mapping.get_configuration()
    ends, state = transitions.get(mapping.uuid, (0.0, ""))
    if not call.account.is_over("mapping", ends):
        result["State"] = state
    return result


def _find_mapping(call: Call) -> Any:
    if mapping := backend(call.account, call.region).get_event_source_mapping(call.params["UUID"]):
        return mapping
    raise AwsError("ResourceNotFoundException", "The resource you requested does not exist.", 404)


def _start_transition(call: Call, mapping_id: str, state: str) -> None:
    ends = call.account.now() + call.account.settings.mapping_seconds
    call.account.state(Functions).mappings[mapping_id] = (ends, state)


def create_event_source_mapping(call: Call) -> Response:
    created = moto_bridge.decode(call.forward())
    _start_transition(call, created["UUID"], "Creating")
    return render(call, {**created, "State": "Creating"}, 202)


def get_event_source_mapping(call: Call) -> dict[str, Any]:
    return _mapping(call, _find_mapping(call))


def list_event_source_mappings(call: Call) -> dict[str, Any]:
    function, source = call.params.get("FunctionName"), call.params.get("EventSourceArn")
    mappings = [
        _mapping(call, mapping)
        for mapping in backend(call.account, call.region)._event_source_mappings.values()
        if (not function or name_of(mapping.function_arn) == name_of(function))
        and (not source or mapping.event_source_arn == source)
    ]
    chosen, marker = page(mappings, int(call.params.get("MaxItems") or 100), call.params.get("Marker"))
    return {"EventSourceMappings": chosen} | ({"NextMarker": marker} if marker else {})


def update_event_source_mapping(call: Call) -> Response:
    mapping = _find_mapping(call)
    if _mapping(call, mapping)["State"] not in ("Enabled", "Disabled"):
        raise AwsError(
            "ResourceInUseException",
            "The operation cannot be performed on an event source mapping that is currently in transition.",
        )
    was = mapping.enabled
    changes = {key: value for key, value in call.params.items() if key != "UUID"}
    backend(call.account, call.region).update_event_source_mapping(mapping.uuid, changes)
    states = {(True, False): "Disabling", (False, True): "Enabling"}
    _start_transition(call, mapping.uuid, states.get((was, mapping.enabled), "Updating"))
    return render(call, _mapping(call, mapping), 202)


# --- The function itself


FORGOTTEN = ("DeadLetterConfig",)


def _complete(call: Call, configuration: dict[str, Any]) -> dict[str, Any]:
    return configuration | call.account.state(Functions).fields.get(configuration["FunctionName"], {})


def create_function(call: Call) -> Response:
    response = call.forward()
    if response.status < 300:
        fields = {key: call.params[key] for key in FORGOTTEN if key in call.params}
        call.account.state(Functions).fields[name_of(call.params["FunctionName"])] = fields
    return response


def update_function_configuration(call: Call) -> dict[str, Any]:
    result = moto_bridge.decode(call.forward())
    fields = call.account.state(Functions).fields.setdefault(result["FunctionName"], {})
    fields.update({key: call.params[key] for key in FORGOTTEN if key in call.params})
    return _complete(call, result)


def list_functions(call: Call) -> dict[str, Any]:
    """50 a page at most; with FunctionVersion=ALL, published versions too."""
    listed = list(backend(call.account, call.region).list_functions(call.params.get("FunctionVersion")))
    listed.sort(key=lambda function: function.function_arn)
    chosen, marker = page(listed, min(int(call.params.get("MaxItems") or 50), 50), call.params.get("Marker"))
    functions = [_complete(call, function.get_configuration()) for function in chosen]
    return {"Functions": functions} | ({"NextMarker": marker} if marker else {})


def get_function(call: Call) -> dict[str, Any]:
    result, reserved = moto_bridge.decode(call.forward()), _find(call).reserved_concurrency
    result["Configuration"] = _complete(call, result["Configuration"])
    result.pop("Concurrency", None)
    return result | ({} if reserved is None else {"Concurrency": {"ReservedConcurrentExecutions": int(reserved)}})


def get_function_configuration(call: Call) -> dict[str, Any]:
    return _complete(call, moto_bridge.decode(call.forward()))


def delete_function(call: Call) -> Response:
    name, state = _find(call).function_name, call.account.state(Functions)
    for key in [k for k in state.provisioned if k[0] == name and call.params.get("Qualifier") in (None, k[1])]:
        del state.provisioned[key]
    return call.forward()


def list_function_event_invoke_configs(call: Call) -> dict[str, Any]:
    """AWS tells LastModified in seconds; moto tells it as text, which not every SDK can read."""
    result = moto_bridge.decode(call.forward())
    for config in result["FunctionEventInvokeConfigs"]:
        if isinstance(config["LastModified"], str):
            config["LastModified"] = datetime.fromisoformat(config["LastModified"]).timestamp()
    return result


def get_function_recursion_config(call: Call) -> dict[str, Any]:
    return {"RecursiveLoop": call.account.state(Functions).recursion.get(_find(call).function_name, "Terminate")}


def put_function_recursion_config(call: Call) -> dict[str, Any]:
    call.account.state(Functions).recursion[_find(call).function_name] = call.params["RecursiveLoop"]
    return get_function_recursion_config(call)


def create(account: Account, region: str, spec: dict[str, Any]) -> Any:
    """Create a function of which only the name and the like matter, with an empty archive for its code."""
    roles = moto_bridge.backend("iam", account.id, "aws")
    role = next((role for role in roles.roles.values() if role.name == ROLE), None)
    if role is None:
        role = roles.create_role(ROLE, "{}", "/", None, "", [], None)
    empty_zip = "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA=="
    return backend(account, region).create_function(
        {
            "Runtime": "provided.al2023",
            "Handler": "bootstrap",
            "Role": role.arn,
            "Code": {"ZipFile": empty_zip},
            **spec,
        }
    )


def invoke(call: Call) -> Response:
    name = name_of(call.params["FunctionName"])
    with call.account.lock:
        reserved = find(call.account, call.region, name).reserved_concurrency
        loops = call.account.state(Functions).recursion.get(name) == "Allow"
    return host.of(call.account).invoke(call, name, reserved, loops)


HANDLERS: Handlers = {
    "CreateEventSourceMapping": create_event_source_mapping,
    "CreateFunction": create_function,
    "DeleteFunction": delete_function,
    "DeleteFunctionConcurrency": delete_function_concurrency,
    "DeleteProvisionedConcurrencyConfig": delete_provisioned_concurrency_config,
    "GetAccountSettings": get_account_settings,
    "GetEventSourceMapping": get_event_source_mapping,
    "GetFunction": get_function,
    "GetFunctionConfiguration": get_function_configuration,
    "GetFunctionConcurrency": get_function_concurrency,
    "GetFunctionRecursionConfig": get_function_recursion_config,
    "GetProvisionedConcurrencyConfig": get_provisioned_concurrency_config,
    "ListEventSourceMappings": list_event_source_mappings,
    "ListFunctionEventInvokeConfigs": list_function_event_invoke_configs,
    "ListFunctions": list_functions,
    "ListProvisionedConcurrencyConfigs": list_provisioned_concurrency_configs,
    "PutFunctionConcurrency": put_function_concurrency,
    "PutFunctionRecursionConfig": put_function_recursion_config,
    "PutProvisionedConcurrencyConfig": put_provisioned_concurrency_config,
    "UpdateEventSourceMapping": update_event_source_mapping,
    "UpdateFunctionConfiguration": update_function_configuration,
}


def seed_function(
    seeder: Seeder,
    *,
    name: str,
    reserved: int | None = None,
    memory: int = 128,
    timeout: int = 3,
    architecture: str = "x86_64",
    tags: Tags | None = None,
    environment: dict[str, str] | None = None,
    versions: int = 0,
    aliases: dict[str, str] | None = None,
    provisioned: dict[str, int] | None = None,
    mappings: list[dict[str, Any]] | None = None,
    on_failure: str | None = None,
    dead_letter: str | None = None,
    recursive_loop: str | None = None,
    master_arn: str | None = None,
) -> None:
    function = create(
        seeder.account,
        seeder.region,
        {
            "FunctionName": name,
            "MemorySize": memory,
            "Timeout": timeout,
            "Architectures": [architecture],
            "Tags": tags or {},
            "Environment": {"Variables": environment or {}},
        },
    )
    function.reserved_concurrency = reserved
    base = f"/2015-03-31/functions/{name}"
    for _ in range(versions):
        function.code_or_config_updated = True  # else nothing new would be published
        seeder.rest("lambda", "POST", f"{base}/versions", body=b"{}")
    for alias, version in (aliases or {}).items():
        body = json.dumps({"Name": alias, "FunctionVersion": version}).encode()
        seeder.rest("lambda", "POST", f"{base}/aliases", body=body)
    state = seeder.account.state(Functions)
    for qualifier, count in (provisioned or {}).items():
        state.provisioned[name, qualifier] = Provisioned(count, seeder.account.now(), 0)
    for mapping in mappings or []:
        _seed_mapping(seeder, name, **mapping)
    if on_failure:
        body = json.dumps({"DestinationConfig": {"OnFailure": {"Destination": on_failure}}}).encode()
        seeder.rest("lambda", "PUT", f"/2019-09-25/functions/{name}/event-invoke-config", body=body)
    if dead_letter:
        state.fields[name] = {"DeadLetterConfig": {"TargetArn": dead_letter}}
    if master_arn:
        state.fields[name] = state.fields.get(name, {}) | {"MasterArn": master_arn}
    if recursive_loop:
        state.recursion[name] = recursive_loop


def _seed_mapping(
    seeder: Seeder,
    function: str,
    *,
    stream: str | None = None,
    queue: str | None = None,
    table: str | None = None,
    enabled: bool = True,
    batch_size: int | None = None,
) -> None:
    if stream:
        source = seeder.arn("kinesis", f"stream/{stream}")
    elif queue:
        source = seeder.arn("sqs", queue)
    else:
        source = dynamodb.stream_of(seeder, str(table))
    spec = {"FunctionName": function, "EventSourceArn": source, "Enabled": enabled, "BatchSize": batch_size}
    backend(seeder.account, seeder.region).create_event_source_mapping(spec)


def picture(inside: Inside) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for function in sorted(backend(inside.account, inside.region).list_functions(), key=lambda f: f.function_name):
        name = function.function_name

        def call(operation: str, name: str = name) -> dict[str, Any]:
            return inside.call("lambda", operation, FunctionName=name)

        result[name] = {
            "reserved": call("GetFunctionConcurrency").get("ReservedConcurrentExecutions"),
            "provisioned": {
                config["FunctionArn"].rsplit(":", 1)[-1]: {
                    "requested": config["RequestedProvisionedConcurrentExecutions"],
                    "status": config["Status"],
                }
                for config in call("ListProvisionedConcurrencyConfigs")["ProvisionedConcurrencyConfigs"]
            },
            "mappings": sorted(
                (kept(mapping, GENERATED) for mapping in call("ListEventSourceMappings")["EventSourceMappings"]),
                key=lambda mapping: mapping["EventSourceArn"],
            ),
            "memory": function.memory_size,
            "timeout": function.timeout,
            "environment": function.environment_vars,
            "tags": dict(sorted(function.tags.items())),
        }
    return {"functions": result}


def tagged(inside: Inside) -> Iterator[tuple[str, Tags]]:
    for function in backend(inside.account, inside.region).list_functions():
        yield function.function_arn, function.tags


def _register(account: Account, path: list[str], body: dict[str, Any]) -> dict[str, Any]:
    """How a function is executed from now on. It is created if it is missing."""
    name, function = path[0], host.Function(**body)
    try:
        find(account, function.region, name)
    except AwsError:
        about = {"FunctionName": name, "MemorySize": function.memory, "Timeout": int(function.timeout_seconds) or 1}
        create(account, function.region, about)
    host.of(account).register(name, function)
    return {}


SERVICE = Service(
    "lambda",
    handlers=HANDLERS,
    unlocked={"Invoke": invoke},
    protocol="rest-json",
    names=("FunctionName", "UUID"),
    throttling=Throttling(
        "TooManyRequestsException", 429, aws={"*": 15, "GetFunction": 100}, apart=("GetFunction", "Invoke")
    ),
    transitions={"provisioning": 0.3, "mapping": 0.3},
    settings={"async_retry_seconds": 0.3, "account_concurrency": 1000, "unreserved_minimum": 100},
    seeds={"functions": seed_function},
    picture=picture,
    tagged=tagged,
    commands={("PUT", "functions"): _register},
    scalable=Scalable("LambdaConcurrency"),
)
