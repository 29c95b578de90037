"""The control API of an account, under /_account/{account id}/. README.md describes it."""

from __future__ import annotations

import json
import traceback
from typing import Any

from . import host, metrics
from .faults import Fault
from .messages import Request, Response
from .rates import Rates
from .seed import seed
from .service import Commands
from .snapshot import snapshot
from .state import Account, Accounts

Json = Any


def handle(accounts: Accounts, request: Request) -> Response:
    _, _, account_id, *path = request.path.split("/")
    if not (len(account_id) == 12 and account_id.isdigit()):
        return _answer(404, {"error": f"{request.method} {request.path}: an account has 12 digits"})
    account = accounts.get(account_id)
    commands = commands_of(account)
    command = commands.get((request.method, path[0] if path else ""))
    if command is None:
        known = ", ".join(f"{method} {noun}" for method, noun in commands)
        return _answer(404, {"error": f"{request.method} {request.path}: there are {known}"})
    try:
        body = json.loads(request.body or b"{}") | request.arguments()
        return _answer(200, command(account, path[1:], body))
    except (KeyError, TypeError, ValueError) as error:
        return _answer(400, {"error": f"{type(error).__name__}: {error}", "traceback": traceback.format_exc()})


def commands_of(account: Account) -> Commands:
    """What may be done to every account, and what each service adds."""
    return COMMANDS | {
        request: command for service in account.services for request, command in service.commands.items()
    }


def _answer(status: int, value: Json) -> Response:
    return Response(status, {"content-type": "application/json"}, json.dumps(value).encode())


def _put_settings(account: Account, path: list[str], body: Json) -> Json:
    account.settings.update(body, account.services)
    return account.settings.as_dict()


def _add_fault(account: Account, path: list[str], body: Json) -> Json:
    account.faults.add(Fault(**body))
    return account.faults.pending()


def _clear_faults(account: Account, path: list[str], body: Json) -> Json:
    account.faults.clear()
    return {}


def _clear_calls(account: Account, path: list[str], body: Json) -> Json:
    account.calls.clear()
    return {}


def _put_rates(account: Account, path: list[str], body: Json) -> Json:
    with account.lock:
        account.state(Rates).set(body, account.services)
        return account.state(Rates).as_dict()


def _clock(account: Account, path: list[str], body: Json) -> Json:
    account.advance(float(body["advance_seconds"]))
    return {"now": account.now()}


def _hold(account: Account, path: list[str], body: Json) -> Json:
    with account.lock:
        account.hold(path[0])
        return account.holds()


def _let_pass(account: Account, path: list[str], body: Json) -> Json:
    with account.lock:
        account.let_pass(path[0])
        return account.holds()


def _release(account: Account, path: list[str], body: Json) -> Json:
    if path[0] == "calls":
        account.faults.release()
    else:
        with account.lock:
            account.release(path[0])
    return account.holds()


def _idle(account: Account, path: list[str], body: Json) -> Json:
    return {"idle": host.of(account).wait_until_idle(float(body.get("timeout_seconds", 60)))}


COMMANDS: Commands = {
    ("GET", "settings"): lambda account, path, body: account.settings.as_dict(),
    ("PUT", "settings"): _put_settings,
    ("POST", "seed"): lambda account, path, body: seed(account, body),
    ("GET", "snapshot"): lambda account, path, body: snapshot(account, body.get("region", "us-east-1")),
    ("GET", "calls"): lambda account, path, body: account.calls.entries(),
    ("DELETE", "calls"): _clear_calls,
    ("GET", "asks"): lambda account, path, body: account.calls.asks(),
    ("GET", "faults"): lambda account, path, body: account.faults.pending(),
    ("POST", "faults"): _add_fault,
    ("DELETE", "faults"): _clear_faults,
    ("PUT", "rates"): _put_rates,
    ("POST", "clock"): _clock,
    ("PUT", "holds"): _hold,
    ("POST", "holds"): _let_pass,
    ("DELETE", "holds"): _release,
    ("GET", "invocations"): lambda account, path, body: host.of(account).invocations(),
    ("POST", "idle"): _idle,
    ("GET", "logs"): lambda account, path, body: host.of(account).logs(),
    ("GET", "metrics"): lambda account, path, body: metrics.documents(host.of(account).logs()),
    ("POST", "kill"): lambda account, path, body: {"killed": host.of(account).kill_all()},
}
