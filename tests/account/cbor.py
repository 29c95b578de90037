"""Smithy RPC v2 CBOR, guided by the service's model where CBOR says more than JSON does.

https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html: timestamps carry tag 1, and a client may
insist that a double is encoded as one; JSON knows neither.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any


@cache
def _model(name: str) -> Any:
    from botocore.loaders import Loader
    from botocore.model import ServiceModel

    return ServiceModel(Loader().load_service_model(name, "service-2"))


def decode(body: bytes) -> dict[str, Any]:
    import cbor2

    return cbor2.loads(body) if body else {}


def encode(value: Any) -> bytes:
    import cbor2

    return cbor2.dumps(value, datetime_as_timestamp=True, timezone=UTC)


def encode_output(model: str, operation: str, value: dict[str, Any]) -> bytes:
    """An operation's output, with the types that the service's model in botocore gives."""
    shape = _model(model).operation_model(operation).output_shape
    return encode(_typed(shape, value) if shape else {})


def _typed(shape: Any, value: Any) -> Any:
    match shape.type_name:
        case "structure":
            return {k: _typed(shape.members[k], v) for k, v in value.items() if k in shape.members and v is not None}
        case "list":
            return [_typed(shape.member, item) for item in value]
        case "map":
            return {k: _typed(shape.value, v) for k, v in value.items()}
        case "timestamp":
            return value if isinstance(value, datetime) else datetime.fromtimestamp(float(value), UTC)
        case "double" | "float":
            return float(value)
        case _:
            return value
