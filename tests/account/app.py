"""Routes a request: to the control API, to the Lambda Runtime API, or, as an AWS call, to the services."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
import traceback

from . import control, host, moto_bridge, protocols
from .execution import execute
from .faults import Fault
from .messages import AwsError, DropConnection, Request, Response
from .rates import Rates
from .service import Call
from .services import SERVICES
from .state import Accounts


class App:
    def __init__(self, endpoint: str) -> None:
        self.accounts = Accounts(endpoint, SERVICES)

    def warm_up(self) -> None:
        """Import moto while nobody waits for it yet."""
        threading.Thread(target=moto_bridge.application, daemon=True).start()

    def close(self) -> None:
        for account in self.accounts.all():
            host.of(account).close()

    def handle(self, request: Request) -> Response:
        if request.path.startswith("/_account/"):
            return control.handle(self.accounts, request)
        if request.path.startswith("/_runtime/"):
            _, _, account_id, process, path = request.path.split("/", 4)
            return host.of(self.accounts.get(account_id)).runtime(int(process), path, request)
        return self.aws(request)

    def aws(self, request: Request) -> Response:
        try:
            caller = protocols.caller_of(request)
            account = self.accounts.get(caller.account_id)
            call = protocols.identify(account, caller, request)
        except AwsError as error:
            return protocols.render_error("json", error)
        entry = account.calls.arrived(call)
        if account.settings.latency_seconds:
            time.sleep(account.settings.latency_seconds)
        fault = account.faults.take(entry)
        try:
            with account.lock:
                account.state(Rates).admit(call)
            response = _with_fault(call, fault) if fault else execute(call)
        except DropConnection as dropped:
            entry.error = str(dropped)
            raise
        except AwsError as error:
            entry.status, entry.error = error.status, error.code
            return protocols.render_error(call.protocol, error)
        except Exception:
            print(f"The simulated account broke in {entry.service} {call.operation}:", file=sys.stderr)
            traceback.print_exc(file=sys.stderr)
            entry.status, entry.error = 500, "InternalFailure"
            return protocols.render_error(call.protocol, AwsError("InternalFailure", traceback.format_exc(), 500))
        entry.status, entry.error = response.status, protocols.error_code(response)
        return response


def _with_fault(call: Call, fault: Fault) -> Response:
    if fault.error:
        raise fault.as_error()
    if fault.held:
        fault.released.wait()
        return execute(call)
    if "after" in (fault.drop, fault.kill):
        with contextlib.suppress(AwsError):  # nobody will see the answer
            execute(call)
    if fault.kill:
        host.of(call.account).kill(call.process)
        raise DropConnection("Killed")
    raise DropConnection("Dropped")
