"""Invocations of functions that are real processes, or that are forwarded to a Runtime API emulator.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html and, for asynchronous invocations and their retries,
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

from __future__ import annotations

import http.client
import os
import shutil
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from .messages import AwsError, Request, Response
from .processes import Attempt, Process, parse_payload
from .protocols import caller_of
from .service import Call
from .state import Account

ASYNC_TRIES = 3
# Payload limits of synchronous and asynchronous invocations:
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_PAYLOAD = {"RequestResponse": 6 * 1024 * 1024, "Event": 1024 * 1024}
# "approximately 16 times": https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
RECURSION_LIMIT = 16


@dataclass
class Function:
    """How a function is executed: by processes of a command, or by an emulator at `forward`."""

    command: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    timeout_seconds: float = 900
    memory: int = 128
    forward: str | None = None
    region: str = "us-east-1"

    def __post_init__(self) -> None:
        if bool(self.command) == bool(self.forward):
            raise ValueError("a function has either a command or forward")
        if self.command and not shutil.which(self.command[0]):
            raise ValueError(f"{self.command[0]} is not an executable file")


@dataclass
class Invocation:
    function: str
    type: str
    request_id: str
    payload: bytes
    depth: int
    attempts: list[Attempt] = field(default_factory=list)
    done: bool = False

    def as_dict(self) -> dict[str, Any]:
        attempts = [{"outcome": a.outcome, "response": parse_payload(a.response)} for a in self.attempts]
        return {
            "function": self.function,
            "request_id": self.request_id,
            "type": self.type,
            "payload": parse_payload(self.payload),
            "attempts": attempts,
            "done": self.done,
        }


class Host:
    """An account's processes and invocations."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._functions: dict[str, Function] = {}
        self._processes: dict[int, tuple[str, Process]] = {}
        self._invocations: list[Invocation] = []
        self._logs: list[str] = []
        self._active: Counter[str] = Counter()

    def attach(self, account: Account) -> None:
        self.account = account

    # --- For the control API

    def register(self, name: str, function: Function) -> None:
        """Execute a function so from now on. Processes of an earlier registration are killed."""
        with self._changed:
            self._functions[name] = function
        self._kill_processes(name)

    def invocations(self) -> list[dict[str, Any]]:
        with self._changed:
            return [invocation.as_dict() for invocation in self._invocations]

    def logs(self) -> list[str]:
        with self._changed:
            return list(self._logs)

    def wait_until_idle(self, seconds: float) -> bool:
        """Whether within this time no invocation ran or waited any more."""
        with self._changed:
            return self._changed.wait_for(lambda: all(i.done for i in self._invocations), seconds)

    def kill(self, number: int | None) -> None:
        with self._changed:
            known = self._processes.get(number) if number is not None else None
        if known is None:
            raise AwsError("InternalFailure", "A kill fault met a call that no function process made.", 500)
        known[1].kill()

    def kill_all(self) -> int:
        """SIGKILL every process; returns how many there were."""
        return self._kill_processes(None)

    def _kill_processes(self, function: str | None) -> int:
        with self._changed:
            processes = [p for name, p in self._processes.values() if function in (None, name) and p.alive]
        for process in processes:
            process.kill()
        return len(processes)

    def close(self) -> None:
        self._kill_processes(None)

    def _log(self, line: str) -> None:
        with self._changed:
            self._logs.append(line)

    # --- The Runtime API

    def runtime(self, number: int, path: str, request: Request) -> Response:
        version, _, rest = path.partition("/runtime/")
        with self._changed:
            known = self._processes.get(number)
        if known is None or version != "2018-06-01":
            return Response(404)
        return known[1].runtime(rest, request)

    # --- Invoke

    def invoke(self, call: Call, name: str, reserved: int | None, loops: bool) -> Response:
        """Execute the function `name`, which has this reserved concurrency and may call itself without end or not."""
        headers = call.request.headers
        kind = headers.get("x-amz-invocation-type", "RequestResponse")
        if kind == "DryRun":
            return Response(204)
        payload = call.request.body
        if len(payload) > MAX_PAYLOAD[kind]:
            raise AwsError(
                "RequestEntityTooLargeException",
                f"{len(payload)} byte payload is too large for the {kind} invocation type "
                f"(limit {MAX_PAYLOAD[kind]} bytes)",
                413,
            )
        request_id = headers.get("x-request-id-override") or str(uuid.uuid4())
        invocation = Invocation(name, kind, request_id, payload, self._depth(call) + 1)
        too_deep = invocation.depth > RECURSION_LIMIT and not loops
        if kind == "Event":
            with self._changed:
                self._invocations.append(invocation)
            dropped = "RecursiveLoop" if too_deep else "Throttled" if reserved == 0 else None
            arguments = (invocation, dropped, reserved)
            threading.Thread(target=self._run_async, args=arguments, daemon=True).start()
            return Response(202, {"x-amzn-requestid": request_id})
        if too_deep:
            raise AwsError("RecursiveInvocationException", "Lambda has detected a recursive loop.", 400)
        with self._changed:
            if reserved is not None and self._active[name] >= reserved:
                raise AwsError("TooManyRequestsException", "Rate Exceeded.", 429)
            self._invocations.append(invocation)
            self._active[name] += 1
        attempt = self._run(invocation)
        self._finish(invocation)
        answer = {
            "content-type": "application/json",
            "x-amzn-requestid": request_id,
            "x-amz-executed-version": "$LATEST",
        }
        if attempt.outcome != "success":
            answer["x-amz-function-error"] = "Unhandled"
        return Response(200, answer, attempt.response)

    def _depth(self, call: Call) -> int:
        """How many invocations led to this call: that of the process that makes it, and those before."""
        with self._changed:
            known = self._processes.get(caller_of(call.request).process or 0)
        return known[1].attempt.depth if known and known[1].attempt else 0

    def _finish(self, invocation: Invocation) -> None:
        with self._changed:
            invocation.done = True
            self._changed.notify_all()

    def _run_async(self, invocation: Invocation, dropped: str | None, reserved: int | None) -> None:
        """Two more tries after an error, with the same request id.

        An event waits while the reserved concurrency is used up; of a function that may never run, it is dropped.
        """
        try:
            if dropped:
                invocation.attempts.append(Attempt(invocation.request_id, b"", outcome=dropped))
                return
            for number in range(ASYNC_TRIES):
                if number:
                    time.sleep(self.account.settings.async_retry_seconds)
                with self._changed:
                    self._changed.wait_for(lambda: reserved is None or self._active[invocation.function] < reserved)
                    self._active[invocation.function] += 1
                if self._run(invocation).outcome == "success":
                    return
        finally:
            self._finish(invocation)

    def _run(self, invocation: Invocation) -> Attempt:
        """One attempt, already counted as active."""
        attempt = Attempt(invocation.request_id, invocation.payload, invocation.depth)
        with self._changed:
            invocation.attempts.append(attempt)
            function = self._functions.get(invocation.function)
        try:
            if function is None:
                attempt.fail("Sandbox.NotRegistered", f"No process is registered for {invocation.function}.")
            elif function.forward:
                _forward(function.forward, attempt)
            else:
                self._acquire(invocation.function, function, attempt).serve(attempt)
        finally:
            with self._changed:
                self._active[invocation.function] -= 1
                self._changed.notify_all()
        return attempt

    def _acquire(self, name: str, function: Function, attempt: Attempt) -> Process:
        """An idle process of the function, or a new one, with the attempt assigned to it."""
        with self._changed:
            for owner, process in self._processes.values():
                if owner == name and process.assign(attempt):
                    return process
            number = len(self._processes) + 1
            arn = f"arn:aws:lambda:{function.region}:{self.account.id}:function:{name}"
            process = Process(
                number,
                function.command,
                self._environment(name, function, number),
                function.timeout_seconds,
                arn,
                self._log,
            )
            process.assign(attempt)
            self._processes[number] = (name, process)
            return process

    def _environment(self, name: str, function: Function, number: int) -> dict[str, str]:
        """What Lambda gives a process, and nothing of our own but PATH. The key says which process calls."""
        return {
            "PATH": os.environ.get("PATH", ""),
            # With a scheme, because there is a path: without one, a URI parser takes host and port only.
            "AWS_LAMBDA_RUNTIME_API": f"{self.account.endpoint}/_runtime/{self.account.id}/{number}",
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": str(number),
            "AWS_REGION": function.region,
            "AWS_ACCESS_KEY_ID": f"AKIA{self.account.id}P{number}",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_ENDPOINT_URL": self.account.endpoint,
        } | function.environment


def of(account: Account) -> Host:
    """The host of an account."""
    host = account.state(Host)
    host.attach(account)
    return host


def _forward(url: str, attempt: Attempt) -> None:
    """Have an emulator execute the function."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=900)
    try:
        connection.request("POST", parts.path, attempt.payload, {"content-type": "application/json"})
        response = connection.getresponse()
        body = response.read()
        failed = response.status >= 400 or response.getheader("x-amz-function-error")
        attempt.finish("error" if failed else "success", body)
    except OSError as error:
        attempt.fail("Runtime.Unreachable", f"{url}: {error}")
    finally:
        connection.close()
