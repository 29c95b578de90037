"""The control API of an account, under /_account/{account id}/. README.md describes it."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import kinesis, metrics, sagemaker, tagging
from .faults import Fault
from .messages import Request, Response
from .rates import Rates
from .sns import Published
from .state import Account

if TYPE_CHECKING:
    from .app import App

Json = Any
Command = Callable[["App", Account, list[str], Json], Json]


def handle(app: App, request: Request) -> Response:
    _, _, account_id, *path = request.path.split("/")
    command = COMMANDS.get((request.method, path[0] if path else ""))
    if command is None or not (len(account_id) == 12 and account_id.isdigit()):
        known = ", ".join(f"{method} {noun}" for method, noun in COMMANDS)
        return _answer(404, {"error": f"{request.method} {request.path}: an account has 12 digits; there are {known}"})
    try:
        body = json.loads(request.body or b"{}") | request.arguments()
        return _answer(200, command(app, app.accounts.get(account_id), path[1:], body))
    except (KeyError, TypeError, ValueError) as error:
        return _answer(400, {"error": f"{type(error).__name__}: {error}", "traceback": traceback.format_exc()})


def _answer(status: int, value: Json) -> Response:
    return Response(status, {"content-type": "application/json"}, json.dumps(value).encode())


def _put_settings(app: App, account: Account, path: list[str], body: Json) -> Json:
    account.settings.update(body)
    return account.settings.as_dict()


def _seed(app: App, account: Account, path: list[str], body: Json) -> Json:
    from .seed import seed

    return seed(account, body)


def _snapshot(app: App, account: Account, path: list[str], body: Json) -> Json:
    from .snapshot import snapshot

    return snapshot(account, body.get("region", "us-east-1"))


def _add_fault(app: App, account: Account, path: list[str], body: Json) -> Json:
    account.faults.add(Fault(**body))
    return account.faults.pending()


def _clear_faults(app: App, account: Account, path: list[str], body: Json) -> Json:
    account.faults.clear()
    return {}


def _clear_calls(app: App, account: Account, path: list[str], body: Json) -> Json:
    account.calls.clear()
    return {}


def _put_endpoint(app: App, account: Account, path: list[str], body: Json) -> Json:
    """Set an endpoint's status by hand; it stays until changed."""
    name, _status = path
    with account.lock:
        endpoint = sagemaker.settled(account).endpoints[name.lower()]
        endpoint.status, endpoint.failure_reason, endpoint.ends = body["status"], body.get("reason"), None
    return {}


def _capacity(app: App, account: Account, path: list[str], body: Json) -> Json:
    with account.lock:
        account.state(sagemaker.Hosting).no_capacity[body["endpoint"].lower()] = int(body["failures"])
    return {}


def _put_rates(app: App, account: Account, path: list[str], body: Json) -> Json:
    with account.lock:
        account.state(Rates).set(body)
        return account.state(Rates).as_dict()


def _clock(app: App, account: Account, path: list[str], body: Json) -> Json:
    account.advance(float(body["advance_seconds"]))
    return {"now": account.now()}


def _hold(app: App, account: Account, path: list[str], body: Json) -> Json:
    with account.lock:
        account.hold(path[0])
        return account.holds()


def _let_pass(app: App, account: Account, path: list[str], body: Json) -> Json:
    with account.lock:
        account.let_pass(path[0])
        return account.holds()


def _release(app: App, account: Account, path: list[str], body: Json) -> Json:
    with account.lock:
        account.release(path[0])
        return account.holds()


def _updates(app: App, account: Account, path: list[str], body: Json) -> Json:
    """Pretend that UpdateShardCount was called so often, so many seconds ago."""
    with account.lock:
        when = account.now() - float(body.get("seconds_ago", 0))
        account.state(kinesis.Streams).updates.setdefault(path[0], []).extend([when] * int(body["updates"]))
    return {}


def _stale(app: App, account: Account, path: list[str], body: Json) -> Json:
    """Let the tagging API's index tell this of a resource from now on, whatever becomes of it."""
    with account.lock:
        account.state(tagging.Index).stale[body["arn"]] = body["tags"]
    return {}


def _register(app: App, account: Account, path: list[str], body: Json) -> Json:
    app.host(account).register(path[0], body)
    return {}


def _idle(app: App, account: Account, path: list[str], body: Json) -> Json:
    return {"idle": app.host(account).wait_until_idle(float(body.get("timeout_seconds", 60)))}


COMMANDS: dict[tuple[str, str], Command] = {
    ("GET", "settings"): lambda app, account, path, body: account.settings.as_dict(),
    ("PUT", "settings"): _put_settings,
    ("POST", "seed"): _seed,
    ("GET", "snapshot"): _snapshot,
    ("GET", "calls"): lambda app, account, path, body: account.calls.entries(),
    ("DELETE", "calls"): _clear_calls,
    ("GET", "faults"): lambda app, account, path, body: account.faults.pending(),
    ("POST", "faults"): _add_fault,
    ("DELETE", "faults"): _clear_faults,
    ("PUT", "endpoints"): _put_endpoint,
    ("POST", "capacity"): _capacity,
    ("PUT", "rates"): _put_rates,
    ("POST", "clock"): _clock,
    ("PUT", "holds"): _hold,
    ("POST", "holds"): _let_pass,
    ("DELETE", "holds"): _release,
    ("POST", "streams"): _updates,
    ("POST", "tags"): _stale,
    ("PUT", "functions"): _register,
    ("GET", "invocations"): lambda app, account, path, body: app.host(account).invocations(),
    ("POST", "idle"): _idle,
    ("GET", "logs"): lambda app, account, path, body: app.host(account).logs(),
    ("GET", "metrics"): lambda app, account, path, body: metrics.documents(app.host(account).logs()),
    ("POST", "kill"): lambda app, account, path, body: {"killed": app.host(account).kill_all()},
    ("GET", "messages"): lambda app, account, path, body: account.state(Published).messages,
}
