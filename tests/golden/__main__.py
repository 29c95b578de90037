"""Keeps what a version of the function writes, for the tests of those that come after it: README.md says how.

Each phase is told in an account of its own, and what is in the state bucket at its end is copied as it is.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

# Run as a directory, this file has no package; it finds its neighbours in tests/.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from account.client import Client, serving  # noqa: E402

ACCOUNT = "123456789012"
PROJECT = "user-journey-analytics"
BUCKET = f"{PROJECT}-state"
FOLDER = f"{PROJECT}/dev"
FUNCTION = f"{PROJECT}-resource-manager"
STREAM = f"{PROJECT}-events"
ENVIRONMENT = {
    "PROJECT_NAME": PROJECT,
    "STATE_BUCKET": BUCKET,
    "SNS_TOPIC_ARN": f"arn:aws:sns:us-east-1:{ACCOUNT}:{PROJECT}-reports",
    "POLL_SECONDS": "0.05",
    "RATE_SHARE": "1000",
}
AN_HOUR = 3600.0
# What the Price List answers to somebody who may not ask.
NOT_ALLOWED = {"status": 400, "code": "AccessDeniedException", "message": "not authorized"}


class Account(Client):
    """A simulated account with the project and the function in it."""

    def __init__(self, endpoint: str, project: Path, bootstrap: Path) -> None:
        super().__init__(endpoint, ACCOUNT)
        self._bootstrap = bootstrap
        self._s3 = self.client("s3")
        self._lambda = self.client("lambda", read_timeout=120)
        self.settings(transition_seconds=0.05)
        self.seed(**json.loads(project.read_text()))
        self.function()

    def function(self, timeout_seconds: float = 60.0, **environment: str) -> None:
        command, environment = [str(self._bootstrap)], ENVIRONMENT | environment
        self.register(FUNCTION, command=command, environment=environment, timeout_seconds=timeout_seconds)

    def invoke(self, action: str, wait: bool = True, **event: Any) -> Any:
        kind = "RequestResponse" if wait else "Event"
        payload = json.dumps({"action": action} | event)
        answer = self._lambda.invoke(FunctionName=FUNCTION, InvocationType=kind, Payload=payload)
        return json.loads(answer["Payload"].read() or b"{}")

    def get(self, key: str) -> str:
        return self._s3.get_object(Bucket=BUCKET, Key=f"{FOLDER}/{key}")["Body"].read().decode()

    def put(self, key: str, body: str) -> None:
        self._s3.put_object(Bucket=BUCKET, Key=f"{FOLDER}/{key}", Body=body.encode())

    def report(self, answer: Any) -> str:
        """The kept report of an operation."""
        day = answer["started_at"][:10].replace("-", "/")
        return self.get(f"operations/{day}/{answer['operation_id']}.json")

    def wait_until(self, true: Callable[[], bool]) -> None:
        until = time.monotonic() + 30
        while not true():
            assert time.monotonic() < until, "it never became true"
            time.sleep(0.05)


def schedule(name: str) -> dict[str, str]:
    """What EventBridge Scheduler fills in: this minute."""
    time = datetime.now(UTC).replace(second=0, microsecond=0)
    return {"arn": f"arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule/default/{PROJECT}-{name}", "time": f"{time:%FT%TZ}"}


def never_stopped(account: Account) -> dict[str, str]:
    account.invoke("start")
    return {}


def stopping(account: Account) -> dict[str, str]:
    """Killed when the stream has gone from 8 shards to 4 and is on its way to 2."""
    account.fault(operation="UpdateShardCount", skip=1, kill="after")
    account.invoke("stop", schedule=schedule("stop"))
    return {}


def stopped(account: Account) -> dict[str, str]:
    report = account.report(account.invoke("stop", schedule=schedule("stop"), reason="evening"))
    # A status asks for more prices, for those that its recommendations compare; for so many at a time.
    for _ in range(2):
        account.invoke("status")
    return {"report": report, "prices": account.get("prices.json")}


def refused(account: Account) -> dict[str, str]:
    """Somebody else has made nine of the day's ten calls: the stream comes from 8 shards to 4."""
    account.control("POST", f"streams/{STREAM}", {"updates": 9, "seconds_ago": AN_HOUR})
    return {"report": account.report(account.invoke("stop"))}


def handed_on(account: Account) -> dict[str, str]:
    """Out of time, and killed before it could call itself: only the endpoints and the streams, by a person."""
    account.settings(deleting_seconds=AN_HOUR)
    account.function(timeout_seconds=4.0)
    # The first call is our own.
    account.fault(operation="Invoke", skip=1, kill="before")
    account.invoke("stop", only=["sagemaker", "kinesis:*-events"], reason="the demo is over")
    return {}


def starting(account: Account) -> dict[str, str]:
    """Killed when it has begun to create the second endpoint."""
    account.invoke("stop")
    account.fault(operation="CreateEndpoint", skip=1, kill="after")
    account.invoke("start", schedule=schedule("start"))
    return {}


def challenged(account: Account) -> dict[str, str]:
    """A start is at work, and a stop asks it to yield."""
    account.invoke("stop")
    account.settings(creating_seconds=AN_HOUR)
    # It looks at the state this seldom.
    account.function(POLL_SECONDS="10")
    account.invoke("start", wait=False)
    account.wait_until(lambda: any(call["operation"] == "CreateEndpoint" for call in account.calls()))
    account.invoke("stop", wait=False)
    account.wait_until(lambda: json.loads(account.get("state.json"))["challenger"] is not None)
    return {}


def stop_for_40_days(account: Account) -> None:
    """The times in the state are moved back: nobody waits so long."""
    account.invoke("stop")
    state = json.loads(account.get("state.json"))
    for record in state["resources"].values():
        moved = datetime.fromisoformat(record["since"]) - timedelta(days=40)
        record["since"] = moved.isoformat().replace("+00:00", "Z")
    account.put("state.json", json.dumps(state))


def unpriced(account: Account) -> dict[str, str]:
    """The Price List may not be asked, and the built-in table does not know everything."""
    account.fault(service="pricing", times=None, error=NOT_ALLOWED)
    stop_for_40_days(account)
    account.invoke("start")
    return {}


def started(account: Account) -> dict[str, str]:
    stop_for_40_days(account)
    return {"report": account.report(account.invoke("start", schedule=schedule("start")))}


PHASES = [never_stopped, stopping, stopped, refused, handed_on, starting, challenged, unpriced, started]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bootstrap", type=Path, help="the function of that version, built")
    parser.add_argument("folder", type=Path, help="where project.json is, and the files are kept")
    parser.add_argument("phases", nargs="*", help="only these")
    arguments = parser.parse_args()
    for phase in [phase for phase in PHASES if phase.__name__ in (arguments.phases or phase.__name__)]:
        with serving() as endpoint:
            account = Account(endpoint, arguments.folder / "project.json", arguments.bootstrap.resolve())
            kept = phase(account)
            kept["state"] = account.get("state.json")
        for what, text in kept.items():
            file = arguments.folder / f"{phase.__name__.replace('_', '-')}.{what}.json"
            file.write_text(text)
            print(f"{file}: {len(text)} bytes")


if __name__ == "__main__":
    main()
