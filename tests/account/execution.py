"""Executes a call, by the account's own rules where it has some, else by moto's."""

from __future__ import annotations

from typing import Any

from . import protocols
from .messages import AwsError, Response
from .service import Call

Result = dict[str, Any] | Response | None


def execute(call: Call) -> Response:
    unlocked = call.service.unlocked.get(call.operation)
    result = unlocked(call) if unlocked else result_of(call)
    return result if isinstance(result, Response) else protocols.render(call, result)


def result_of(call: Call) -> Result:
    """What the operation's handler returns, which nobody has put into the call's protocol yet."""
    handler = call.service.handlers.get(call.operation)
    with call.account.lock:
        if handler is not None:
            return handler(call)
        if call.service.own:
            raise AwsError("UnknownOperationException", f"{call.operation} is not simulated.", 404)
        return call.forward()
