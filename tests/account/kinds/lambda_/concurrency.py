"""Reserved and provisioned concurrency, with the limits that they set each other."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ...inside import Inside
from ...messages import AwsError, Response
from ...paging import page
from ...protocols import render
from ...service import Call
from ...state import Account
from .functions import Functions, Provisioned, backend, find_called


def invalid(message: str) -> AwsError:
    return AwsError("InvalidParameterValueException", message)


def total_provisioned(call: Call, name: str, without: str = "") -> int:
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
    reserved = find_called(call).reserved_concurrency
    return {} if reserved is None else {"ReservedConcurrentExecutions": int(reserved)}


def put_function_concurrency(call: Call) -> dict[str, Any]:
    function, wanted = find_called(call), int(call.params["ReservedConcurrentExecutions"])
    name, minimum = function.function_name, call.account.settings.unreserved_minimum
    if wanted < (total := total_provisioned(call, name)):
        raise invalid(
            f"ReservedConcurrentExecutions {wanted} should not be lower than "
            f"function's total provisioned concurrency [{total}]."
        )
    if wanted and unreserved(call.account, call.region, without=name) - wanted < minimum:
        raise invalid(
            "Specified ReservedConcurrentExecutions for function decreases account's "
            f"UnreservedConcurrentExecution below its minimum value of [{minimum}]."
        )
    function.reserved_concurrency = wanted
    return {"ReservedConcurrentExecutions": wanted}


def delete_function_concurrency(call: Call) -> Response:
    find_called(call).reserved_concurrency = None
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
    function, qualifier = find_called(call), call.params["Qualifier"]
    wanted = int(call.params["ProvisionedConcurrentExecutions"])
    name, functions = function.function_name, backend(call.account, call.region)
    if qualifier == "$LATEST":
        raise invalid("Provisioned Concurrency Configs cannot be applied to unpublished function versions.")
    versions = [str(f.version) for f in functions.list_versions_by_function(name)]
    if qualifier not in versions + [alias.name for alias in functions.list_aliases(name)]:
        raise AwsError("ResourceNotFoundException", f"Function not found: {function.function_arn}:{qualifier}", 404)
    reserved = function.reserved_concurrency
    if reserved is not None and total_provisioned(call, name, qualifier) + wanted > int(reserved):
        raise invalid(
            "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function"
        )
    now = call.account.now()
    config = Provisioned(wanted, now, now + call.account.settings.provisioning_seconds)
    call.account.state(Functions).provisioned[name, qualifier] = config
    return render(call, _described(call, config), 202)


def get_provisioned_concurrency_config(call: Call) -> dict[str, Any]:
    key = (find_called(call).function_name, call.params["Qualifier"])
    if config := call.account.state(Functions).provisioned.get(key):
        return _described(call, config)
    raise AwsError(
        "ProvisionedConcurrencyConfigNotFoundException",
        "No Provisioned Concurrency Config found for this function",
        404,
    )


def delete_provisioned_concurrency_config(call: Call) -> Response:
    key = (find_called(call).function_name, call.params["Qualifier"])
    call.account.state(Functions).provisioned.pop(key, None)
    return Response(204)


def list_provisioned_concurrency_configs(call: Call) -> dict[str, Any]:
    function = find_called(call)
    configs = [
        {"FunctionArn": f"{function.function_arn}:{qualifier}", **_described(call, config)}
        for (name, qualifier), config in sorted(call.account.state(Functions).provisioned.items())
        if name == function.function_name
    ]
    chosen, marker = page(configs, int(call.params.get("MaxItems") or 50), call.params.get("Marker"))
    return {"ProvisionedConcurrencyConfigs": chosen} | ({"NextMarker": marker} if marker else {})


# --- As Application Auto Scaling scales it: the resource id is function:NAME:QUALIFIER


def capacity(inside: Inside, resource: str, dimension: str) -> int | None:
    _, name, qualifier = resource.split(":")
    provisioned = inside.account.state(Functions).provisioned.get((name, qualifier))
    return provisioned and provisioned.requested


def set_capacity(inside: Inside, resource: str, dimension: str, capacity: int) -> None:
    _, name, qualifier = resource.split(":")
    params = {"FunctionName": name, "Qualifier": qualifier, "ProvisionedConcurrentExecutions": capacity}
    inside.call("lambda", "PutProvisionedConcurrencyConfig", **params)
