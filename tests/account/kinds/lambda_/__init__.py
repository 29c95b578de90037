"""Lambda's control plane: moto's functions, with concurrency, provisioned concurrency and mappings as AWS has them.

https://docs.aws.amazon.com/lambda/latest/api/. Invocations are the host's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ... import host
from ...inside import Inside
from ...messages import AwsError, Response
from ...service import Ask, Call, Handlers, Scalable, Service, Throttling
from ...snapshot import kept
from ...state import Account
from ...tags import Tags
from . import concurrency, functions, mappings
from .functions import Functions, backend, create, find, name_of
from .seeds import seed_function

GENERATED = {"EventSourceMappingArn", "LastModified", "UUID"}


def invoke(call: Call) -> Response:
    name = name_of(call.params["FunctionName"])
    with call.account.lock:
        reserved = find(call.account, call.region, name).reserved_concurrency
        loops = call.account.state(Functions).recursion.get(name) == "Allow"
    return host.of(call.account).invoke(call, name, reserved, loops)


HANDLERS: Handlers = {
    "CreateEventSourceMapping": mappings.create_event_source_mapping,
    "CreateFunction": functions.create_function,
    "DeleteFunction": functions.delete_function,
    "DeleteFunctionConcurrency": concurrency.delete_function_concurrency,
    "DeleteProvisionedConcurrencyConfig": concurrency.delete_provisioned_concurrency_config,
    "GetAccountSettings": concurrency.get_account_settings,
    "GetEventSourceMapping": mappings.get_event_source_mapping,
    "GetFunction": functions.get_function,
    "GetFunctionConfiguration": functions.get_function_configuration,
    "GetFunctionConcurrency": concurrency.get_function_concurrency,
    "GetFunctionRecursionConfig": functions.get_function_recursion_config,
    "GetProvisionedConcurrencyConfig": concurrency.get_provisioned_concurrency_config,
    "ListEventSourceMappings": mappings.list_event_source_mappings,
    "ListFunctionEventInvokeConfigs": functions.list_function_event_invoke_configs,
    "ListFunctions": functions.list_functions,
    "ListProvisionedConcurrencyConfigs": concurrency.list_provisioned_concurrency_configs,
    "PutFunctionConcurrency": concurrency.put_function_concurrency,
    "PutFunctionRecursionConfig": functions.put_function_recursion_config,
    "PutProvisionedConcurrencyConfig": concurrency.put_provisioned_concurrency_config,
    "UpdateEventSourceMapping": mappings.update_event_source_mapping,
    "UpdateFunctionConfiguration": functions.update_function_configuration,
}


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


def asks(call: Call) -> list[Ask]:
    name, params = call.resource, call.params
    if call.operation.endswith("EventSourceMapping") and "UUID" in params:
        mapping = backend(call.account, call.region).get_event_source_mapping(name)
        context = {"lambda:FunctionArn": mapping.function_arn} if mapping else {}
        return [Ask(f"lambda:{call.operation}", call.arn("lambda", f"event-source-mapping:{name}"), context)]
    if "FunctionName" not in params or call.operation.startswith("ListEventSourceMappings"):
        return [call.ask()]
    qualified = [f"function:{name_of(name)}", *filter(None, [params.get("Qualifier")])]
    return [call.ask(":".join(qualified), {"Invoke": "InvokeFunction"}.get(call.operation, ""))]


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
    asks=asks,
    commands={("PUT", "functions"): _register},
    scalable=Scalable(
        "LambdaConcurrency",
        ("AWS/Lambda", "ProvisionedConcurrencyUtilization"),
        capacity=concurrency.capacity,
        set_capacity=concurrency.set_capacity,
    ),
)
