"""The built function under a Runtime API emulator, as Lambda would run it."""

from __future__ import annotations

import json
import queue
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any

from account.client import REGION

from . import screen
from .account import ACCESS_KEY, FUNCTION, Account
from .processes import DemoFailed, Processes


class Function:
    def __init__(self, processes: Processes, account: Account, bootstrap: Path, environment: dict[str, str]) -> None:
        self._processes, self._account = processes, account
        port = _free_port()
        emulator = Path(sys.executable).with_name("cargo-lambda")
        address = ["--invoke-address", "127.0.0.1", "--invoke-port", str(port)]
        processes.start(
            "emulator",
            [str(emulator), "lambda", "watch", "--only-lambda-apis", "--ignore-changes", *address],
            # It insists on a Cargo project around it.
            cwd=Path(__file__).resolve().parents[2],
        )
        screen.waiting("emulator", lambda seconds: self._listens(port, seconds))
        processes.start(
            "function",
            [str(bootstrap)],
            # As in Lambda, it inherits nothing.
            env={
                "AWS_LAMBDA_RUNTIME_API": f"http://127.0.0.1:{port}/.rt",
                "AWS_LAMBDA_FUNCTION_NAME": FUNCTION,
                "AWS_LAMBDA_FUNCTION_VERSION": "1",
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
                "AWS_REGION": REGION,
                "AWS_ACCESS_KEY_ID": ACCESS_KEY,
                "AWS_SECRET_ACCESS_KEY": "secret",
                "AWS_ENDPOINT_URL": account.endpoint,
                **environment,
            },
        )
        forward = f"http://127.0.0.1:{port}/2015-03-31/functions/{FUNCTION}/invocations"
        account.register(FUNCTION, forward=forward)
        # An invocation that is sent again would be another operation.
        self._lambda = account.client("lambda", read_timeout=120)

    def invoke(self, event: Any) -> Any:
        """The function's answer. Dots are printed until it comes."""
        answers: queue.Queue[Any] = queue.Queue()

        def call() -> None:
            try:
                answers.put(self._lambda.invoke(FunctionName=FUNCTION, Payload=json.dumps(event))["Payload"].read())
            except Exception as error:
                answers.put(error)

        # Where the function dies, the emulator never answers: nothing may wait for this thread.
        threading.Thread(target=call, daemon=True).start()
        answer = screen.waiting("running", lambda seconds: self._get(answers, seconds))
        report = answer if isinstance(answer, Exception) else json.loads(answer)
        if isinstance(report, dict) and "outcome" in report:
            return report
        # Where a process has just died, that says more.
        time.sleep(0.5)
        self._processes.check()
        raise DemoFailed(f"the function did not answer with a report: {report}")

    def _get(self, answers: queue.Queue[Any], seconds: float) -> Any:
        self._processes.check()
        try:
            return answers.get(timeout=seconds)
        except queue.Empty:
            return None

    def _listens(self, port: int, seconds: float) -> bool | None:
        self._processes.check()
        try:
            socket.create_connection(("127.0.0.1", port), timeout=seconds).close()
        except OSError:
            time.sleep(seconds)
            return None
        return True


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
