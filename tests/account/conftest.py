"""One simulated account server for all tests, and an account of its own for each."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

HERE = Path(__file__).parent
NUMBERS = itertools.count(1)


class Account:
    """A user of one account: AWS clients, the control API, and what tests say often."""

    def __init__(self, endpoint: str, session: Any) -> None:
        self.endpoint = endpoint
        self.id = f"{next(NUMBERS):012d}"
        self._session = session
        self._clients: dict[str, Any] = {}

    def __getattr__(self, service: str) -> Any:
        """A client: `account.kinesis`."""
        if service not in self._clients:
            self._clients[service] = self.client(service)
        return self._clients[service]

    def client(self, service: str, region: str = "us-east-1") -> Any:
        return self._session.create_client(
            {"lambda_": "lambda", "autoscaling": "application-autoscaling"}.get(service, service),
            endpoint_url=self.endpoint,
            region_name=region,
            aws_access_key_id=f"AKIA{self.id}",
            aws_secret_access_key="secret",
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, read_timeout=20),
        )

    def control(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.endpoint}/_account/{self.id}/{path}", method=method, data=data)
        try:
            with urllib.request.urlopen(request, timeout=20) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            raise ValueError(error.read().decode()) from None

    def seed(self, **project: Any) -> Any:
        return self.control("POST", "seed", project)

    def settings(self, **settings: float) -> None:
        self.control("PUT", "settings", settings)

    def fault(self, **fault: Any) -> None:
        self.control("POST", "faults", fault)

    def calls(self) -> list[dict[str, Any]]:
        return self.control("GET", "calls")

    def advance(self, seconds: float) -> None:
        self.control("POST", "clock", {"advance_seconds": seconds})


def refused(code: str, call: Callable[..., Any], **params: Any) -> str:
    """The message of the error `code` that the call must meet."""
    with pytest.raises(ClientError) as raised:
        call(**params)
    error = raised.value.response["Error"]
    assert error["Code"] == code, error
    return error["Message"]


def eventually(check: Callable[[], Any], seconds: float = 5) -> Any:
    until = time.monotonic() + seconds
    while not (result := check()):
        assert time.monotonic() < until, "it did not come true in time"
        time.sleep(0.02)
    return result


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    server = subprocess.Popen(
        [sys.executable, str(HERE), "--until-stdin-closes"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert server.stdin and server.stdout
    yield json.loads(server.stdout.readline())["endpoint"]
    server.stdin.close()
    assert server.wait(5) == 0
    server.stdout.close()


@pytest.fixture(scope="session")
def session() -> Any:
    return botocore.session.get_session()


@pytest.fixture
def account(endpoint: str, session: Any) -> Account:
    """An account whose transitions take for ever, unless its clock is advanced."""
    account = Account(endpoint, session)
    account.settings(**dict.fromkeys(
        ("creating_seconds", "deleting_seconds", "updating_seconds", "scaling_seconds", "provisioning_seconds",
         "mapping_seconds"), 1000))  # fmt: skip
    return account
