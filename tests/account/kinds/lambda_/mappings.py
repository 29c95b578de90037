"""Event source mappings, which take their time to be enabled and disabled."""

from __future__ import annotations

from typing import Any

from ... import moto_bridge
from ...messages import AwsError, Response
from ...paging import page
from ...protocols import render
from ...service import Call
from .functions import Functions, backend, name_of


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
