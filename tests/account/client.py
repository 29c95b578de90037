"""One account of the simulation as a program uses it: started, controlled, and called as AWS is."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import botocore.session
from botocore.config import Config

HERE = Path(__file__).resolve().parent
REGION = "us-east-1"
# How the server is started. It ends when its standard input does, and tells its endpoint on its standard output.
COMMAND = [sys.executable, str(HERE), "--until-stdin-closes"]


class Refused(ValueError):
    """The control API did not do what it was asked; the text says why."""


def endpoint_of(server: subprocess.Popen[bytes]) -> str:
    """Where a server listens that was started with pipes, once it is ready."""
    assert server.stdout
    ready = server.stdout.readline()
    if not ready:
        raise RuntimeError("the simulated account did not start")
    endpoint: str = json.loads(ready)["endpoint"]
    return endpoint


@contextmanager
def serving() -> Iterator[str]:
    """A server with its endpoint, and its end, which takes a few seconds at the most."""
    server = subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert server.stdin and server.stdout
    try:
        yield endpoint_of(server)
    finally:
        server.stdin.close()
        assert server.wait(30) == 0
        server.stdout.close()


@functools.cache
def _session() -> Any:
    """One for all: reading the services' models takes longer than anything else here."""
    return botocore.session.Session()


class Client:
    """The control API of one account, and clients of its AWS services."""

    # Thousands of resources take their time to make.
    patience_seconds = 60

    def __init__(self, endpoint: str, account_id: str) -> None:
        self.endpoint = endpoint
        self.id = account_id

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """A request of the control API, which tests/account/README.md describes."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.endpoint}/_account/{self.id}/{path}", method=method, data=data)
        try:
            with urllib.request.urlopen(request, timeout=self.patience_seconds) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise Refused(error.read().decode()) from None

    def seed(self, **project: Any) -> Any:
        return self.control("POST", "seed", project)

    def settings(self, **settings: float) -> None:
        self.control("PUT", "settings", settings)

    def snapshot(self) -> Any:
        return self.control("GET", f"snapshot?region={REGION}")

    def calls(self) -> list[dict[str, Any]]:
        """The log of the calls that came since it was cleared."""
        calls: list[dict[str, Any]] = self.control("GET", "calls")
        return calls

    def asks(self) -> list[list[dict[str, Any]]]:
        """What IAM is asked for each call of the log."""
        asks: list[list[dict[str, Any]]] = self.control("GET", "asks")
        return asks

    def forget_calls(self) -> None:
        self.control("DELETE", "calls")

    def fault(self, **fault: Any) -> None:
        self.control("POST", "faults", fault)

    def advance(self, seconds: float) -> None:
        """Move the account's clock."""
        self.control("POST", "clock", {"advance_seconds": seconds})

    def register(self, function: str, **spec: Any) -> None:
        """How a function is executed from now on."""
        self.control("PUT", f"functions/{function}", spec)

    def client(self, service: str, region: str = REGION, **config: Any) -> Any:
        """A client of an AWS service, which tries nothing again unless it is told to."""
        options = {"retries": {"total_max_attempts": 1}, "s3": {"addressing_style": "path"}, **config}
        return _session().create_client(
            service,
            endpoint_url=self.endpoint,
            region_name=region,
            aws_access_key_id=f"AKIA{self.id}",
            aws_secret_access_key="secret",
            config=Config(**options),
        )
