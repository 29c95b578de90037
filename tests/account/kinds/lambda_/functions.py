"""Functions: moto's, with what moto forgets of their configuration."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ... import moto_bridge
from ...messages import AwsError, Response
from ...paging import page
from ...service import Call
from ...state import Account

ROLE = "function"
FORGOTTEN = ("DeadLetterConfig",)


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


def find_called(call: Call) -> Any:
    return find(call.account, call.region, call.params["FunctionName"])


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
    result, reserved = moto_bridge.decode(call.forward()), find_called(call).reserved_concurrency
    result["Configuration"] = _complete(call, result["Configuration"])
    result.pop("Concurrency", None)
    return result | ({} if reserved is None else {"Concurrency": {"ReservedConcurrentExecutions": int(reserved)}})


def get_function_configuration(call: Call) -> dict[str, Any]:
    return _complete(call, moto_bridge.decode(call.forward()))


def delete_function(call: Call) -> Response:
    name, state = find_called(call).function_name, call.account.state(Functions)
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
    return {"RecursiveLoop": call.account.state(Functions).recursion.get(find_called(call).function_name, "Terminate")}


def put_function_recursion_config(call: Call) -> dict[str, Any]:
    call.account.state(Functions).recursion[find_called(call).function_name] = call.params["RecursiveLoop"]
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
