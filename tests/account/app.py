"""Routes a request: to the control API, to the Lambda Runtime API, or, as an AWS call, to the services."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
import traceback
from typing import Any

from . import (
    autoscaling,
    cloudwatch,
    control,
    dynamodb,
    functions,
    kinesis,
    moto_bridge,
    pricing,
    protocols,
    sagemaker,
    sns,
    tagging,
)
from .calls import resource_of
from .faults import Fault
from .host import Host
from .messages import AwsError, DropConnection, Request, Response
from .protocols import Call, Handlers
from .rates import Rates
from .state import Account, Accounts

# The operations that the account executes itself. All others are moto's.
HANDLERS: dict[str, Handlers] = {
    "application-autoscaling": autoscaling.HANDLERS,
    "cloudwatch": cloudwatch.HANDLERS,
    "dynamodb": dynamodb.HANDLERS,
    "kinesis": kinesis.HANDLERS,
    "lambda": functions.HANDLERS,
    "pricing": pricing.HANDLERS,
    "sagemaker": sagemaker.HANDLERS,
    "sns": sns.HANDLERS,
    "sqs": sns.QUEUE_HANDLERS,
    "tagging": tagging.HANDLERS,
}
# Services of which moto must not execute anything, because their state lives here.
OWN = {"application-autoscaling", "cloudwatch", "pricing", "sagemaker", "tagging"}


class App:
    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.accounts = Accounts()

    def warm_up(self) -> None:
        """Import moto while nobody waits for it yet."""
        threading.Thread(target=moto_bridge.application, daemon=True).start()

    def close(self) -> None:
        for account in self.accounts.all():
            account.state(Host).close()

    def host(self, account: Account) -> Host:
        host = account.state(Host)
        host.attach(account, self.endpoint)
        return host

    def handle(self, request: Request) -> Response:
        if request.path.startswith("/_account/"):
            return control.handle(self, request)
        if request.path.startswith("/_runtime/"):
            _, _, account_id, process, path = request.path.split("/", 4)
            return self.host(self.accounts.get(account_id)).runtime(int(process), path, request)
        return self.aws(request)

    def aws(self, request: Request) -> Response:
        try:
            caller = protocols.caller_of(request)
            account = self.accounts.get(caller.account_id)
            call = protocols.identify(account, caller, request)
        except AwsError as error:
            return protocols.render_error("json", error)
        entry = account.calls.arrived(call.service, call.operation, resource_of(call.params))
        if account.settings.latency_seconds:
            time.sleep(account.settings.latency_seconds)
        fault = account.faults.take(entry)
        try:
            with account.lock:
                account.state(Rates).admit(call.service, call.operation, entry.resource)
            response = self._with_fault(call, fault) if fault else self.execute(call)
        except DropConnection as dropped:
            entry.error = str(dropped)
            raise
        except AwsError as error:
            entry.status, entry.error = error.status, error.code
            return protocols.render_error(call.protocol, error)
        except Exception:
            print(f"The simulated account broke in {call.service} {call.operation}:", file=sys.stderr)
            traceback.print_exc(file=sys.stderr)
            entry.status, entry.error = 500, "InternalFailure"
            return protocols.render_error(call.protocol, AwsError("InternalFailure", traceback.format_exc(), 500))
        entry.status, entry.error = response.status, protocols.error_code(response)
        return response

    def _with_fault(self, call: Call, fault: Fault) -> Response:
        if fault.error:
            raise fault.as_error()
        if fault.delay_seconds:
            time.sleep(fault.delay_seconds)
            return self.execute(call)
        if fault.held:
            fault.released.wait()
            return self.execute(call)
        if "after" in (fault.drop, fault.kill):
            with contextlib.suppress(AwsError):  # nobody will see the answer
                self.execute(call)
        if fault.kill:
            self.host(call.account).kill(call.process)
            raise DropConnection("Killed")
        raise DropConnection("Dropped")

    def execute(self, call: Call) -> Response:
        """Execute a call, by the account's own rules where it has some, else by moto's."""
        if call.service == "lambda" and call.operation == "Invoke":
            return self.host(call.account).invoke(call)  # it may take minutes: not under the account's lock
        handler = HANDLERS.get(call.service, {}).get(call.operation)
        with call.account.lock:
            if handler is None:
                if call.service in OWN:
                    raise AwsError("UnknownOperationException", f"{call.operation} is not simulated.", 404)
                return call.forward()
            result = handler(call)
        return result if isinstance(result, Response) else protocols.render(call, result)


def execute_internally(account: Account, region: str, service: str, operation: str, params: dict[str, Any]) -> Any:
    """An operation as a user would call it, but neither logged nor subject to faults: for snapshots and seeds."""
    request = moto_bridge.json_request(account.id, region, service, operation, params)
    call = Call(account, region, service, operation, dict(params), "json", request)
    handler = HANDLERS.get(service, {}).get(operation, Call.forward)
    with account.lock:
        result = handler(call)
    return moto_bridge.decode(result) if isinstance(result, Response) else result or {}
