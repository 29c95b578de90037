"""One simulated account server for all tests, and an account of its own for each."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .client import Client, serving

NUMBERS = itertools.count(1)


class Account(Client):
    """A user of an account that nobody else uses, with a client for each service: `account.kinesis`."""

    def __init__(self, endpoint: str) -> None:
        super().__init__(endpoint, f"{next(NUMBERS):012d}")
        self._clients: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        if name not in self._clients:
            service = {"lambda_": "lambda", "autoscaling": "application-autoscaling"}.get(name, name)
            self._clients[name] = self.client(service, read_timeout=20)
        return self._clients[name]


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
    with serving() as endpoint:
        yield endpoint


@pytest.fixture
def account(endpoint: str) -> Account:
    """An account whose transitions take for ever, unless its clock is advanced."""
    account = Account(endpoint)
    account.settings(transition_seconds=1000)
    return account
