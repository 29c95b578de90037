"""Functions, but for the one that is shown."""

from __future__ import annotations

from account.client import Client

from . import Looks

# The emulator's name for the only function it has.
FUNCTION = "_"
STOPPED: Looks = {
    ("function", "event_processor"): "reserved 0",
    ("function", "intervention-executor"): "reserved 0",
}


def look(account: Client, project: str) -> Looks:
    functions, seen = account.client("lambda"), {}
    for function in functions.list_functions()["Functions"]:
        name = function["FunctionName"]
        reserved = functions.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions")
        if name != FUNCTION:
            seen["function", name] = "unreserved" if reserved is None else f"reserved {reserved}"
    return seen
