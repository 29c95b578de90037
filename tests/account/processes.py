"""Processes that serve a function, as Lambda's execution environments do: one invocation at a time each."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .messages import Request, Response

# Lambda gives a process 10. A process that starts on a busy machine is not late by that.
INIT_SECONDS = 60.0


@dataclass
class Attempt:
    """One execution of a function by one process."""

    request_id: str
    payload: bytes
    depth: int = 1
    outcome: str | None = None
    response: bytes = b""
    done: threading.Event = field(default_factory=threading.Event)

    def finish(self, outcome: str, response: bytes) -> None:
        if not self.done.is_set():
            self.outcome, self.response = outcome, response
            self.done.set()

    def fail(self, error_type: str, message: str) -> None:
        self.finish("error", json.dumps({"errorType": error_type, "errorMessage": message}).encode())


class Process:
    """A process, the attempt it is to serve or serves, and its side of the Runtime API.

    https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
    """

    def __init__(
        self,
        number: int,
        command: list[str],
        environment: dict[str, str],
        timeout: float,
        arn: str,
        log: Callable[[str], None],
    ) -> None:
        self.number = number
        self.arn = arn
        self.timeout = timeout
        self.attempt: Attempt | None = None
        self._changed = threading.Condition()
        self._delivered = False
        self._deadline = 0.0
        self._popen = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, args=(log,), daemon=True)
        self._reader.start()

    @property
    def alive(self) -> bool:
        return self._popen.poll() is None

    def _read(self, log: Callable[[str], None]) -> None:
        assert self._popen.stdout
        for line in self._popen.stdout:
            log(line.decode("utf-8", "replace").rstrip("\n"))
        self._popen.wait()
        with self._changed:
            self._changed.notify_all()

    def kill(self) -> None:
        """SIGKILL it and whatever it started; returns once it is dead."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._popen.pid, signal.SIGKILL)
        self._popen.wait()
        with self._changed:
            self._changed.notify_all()

    def assign(self, attempt: Attempt) -> bool:
        """Take an attempt if the process is alive and has none."""
        with self._changed:
            if not self.alive or self.attempt is not None:
                return False
            self.attempt, self._delivered = attempt, False
            self._changed.notify_all()
            return True

    def serve(self, attempt: Attempt) -> None:
        """Wait until the assigned attempt is over: answered, timed out, or its process dead."""
        started = time.monotonic()
        with self._changed:
            while not attempt.done.is_set():
                limit = self._deadline if self._delivered else started + INIT_SECONDS
                if not self.alive:
                    attempt.fail("Runtime.ExitError", f"RequestId: {attempt.request_id} Error: {self._how_it_ended()}")
                elif time.monotonic() >= limit:
                    self._time_out(attempt)
                else:
                    self._changed.wait(min(limit - time.monotonic(), 1.0))
            self.attempt = None

    def _time_out(self, attempt: Attempt) -> None:
        seconds = self.timeout if self._delivered else INIT_SECONDS
        now = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
        attempt.fail("Sandbox.Timedout", f"{now} {attempt.request_id} Task timed out after {seconds:.2f} seconds")
        self.kill()

    def _how_it_ended(self) -> str:
        code = self._popen.poll()
        if code == -signal.SIGKILL:
            return "Runtime exited with error: signal: killed"
        if code is not None and code < 0:
            return f"Runtime exited with error: signal: {signal.Signals(-code).name}"
        return f"Runtime exited with error: exit status {code}" if code else "Runtime exited without providing a reason"

    def runtime(self, path: str, request: Request) -> Response:
        """The Runtime API, below its version: invocation/next, invocation/{id}/response, …/error, init/error."""
        match path.split("/"):
            case ["invocation", "next"]:
                return self._next()
            case ["invocation", request_id, ("response" | "error") as outcome]:
                return self._answer(request_id, outcome, request.body)
            case ["init", "error"]:
                with self._changed:
                    if self.attempt:
                        self.attempt.finish("error", request.body)
                    self._changed.notify_all()
                return Response(202)
        return Response(404)

    def _next(self) -> Response:
        with self._changed:
            while self.alive and (self.attempt is None or self._delivered):
                self._changed.wait(1.0)
            attempt = self.attempt
            if attempt is None or not self.alive:
                return Response(410)
            self._delivered = True
            self._deadline = time.monotonic() + self.timeout
            self._changed.notify_all()
        headers = {
            "content-type": "application/json",
            "lambda-runtime-aws-request-id": attempt.request_id,
            "lambda-runtime-deadline-ms": str(int((time.time() + self.timeout) * 1000)),
            "lambda-runtime-invoked-function-arn": self.arn,
            "lambda-runtime-trace-id": "Root=1-00000000-000000000000000000000000;Sampled=0",
        }
        return Response(200, headers, attempt.payload)

    def _answer(self, request_id: str, outcome: str, body: bytes) -> Response:
        with self._changed:
            if self.attempt is None or self.attempt.request_id != request_id:
                return Response(403, {}, b'{"errorType":"InvalidRequestID"}')
            self.attempt.finish("success" if outcome == "response" else "error", body)
            self._changed.notify_all()
        return Response(202, {"content-type": "application/json"}, b'{"status":"OK"}')


def parse_payload(payload: bytes) -> Any:
    """A payload as JSON, or as the text it is."""
    try:
        return json.loads(payload or b"null")
    except ValueError:
        return payload.decode("utf-8", "replace")
