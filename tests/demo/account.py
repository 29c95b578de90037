"""The simulated AWS account: started, seeded, and looked at as a person would."""

from __future__ import annotations

import json
import subprocess
import time
from typing import Any

from account.client import COMMAND, HERE, Client, endpoint_of

from .kinds import KINDS, SEEDS, Looks
from .kinds.lambda_ import FUNCTION
from .processes import Processes

ACCOUNT = "123456789012"
ACCESS_KEY = f"AKIA{ACCOUNT}DEMO"


class Account(Client):
    def __init__(self, processes: Processes) -> None:
        server = processes.start("account", COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        super().__init__(endpoint_of(server), ACCOUNT)

    def seed_demo(self, **settings: float) -> None:
        self.settings(**settings)
        seeded = self.seed(**json.loads((HERE / "demo_project.json").read_text()))
        self.topic: str = seeded["topic"]
        self.bucket: str = seeded["bucket"]
        for seed in SEEDS:
            self.seed(**seed)

    def snapshot(self) -> Any:
        """Everything that a person would care about, but for the function that is shown."""
        snapshot = super().snapshot()
        snapshot["functions"].pop(FUNCTION, None)
        return snapshot

    def calls(self) -> list[dict[str, Any]]:
        """What the function called since: not the demo's own invocation of it, nor its look into the mailbox."""
        return [
            call
            for call in super().calls()
            if call["service"] != "sqs" and (call["service"], call["operation"]) != ("lambda", "Invoke")
        ]


class Mailbox:
    """A queue that is subscribed to the topic."""

    def __init__(self, account: Account, queue: str) -> None:
        self._sqs = account.client("sqs")
        self._url = self._sqs.get_queue_url(QueueName=queue)["QueueUrl"]

    def take(self, seconds: float = 0) -> list[tuple[str, str]]:
        """The messages there are, removed, as subject and text. Waits so long for the first."""
        taken: list[tuple[str, str]] = []
        until = time.monotonic() + seconds
        while True:
            answer = self._sqs.receive_message(
                QueueUrl=self._url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
            )
            for message in answer.get("Messages", []):
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
                subject = message.get("MessageAttributes", {}).get("Subject", {}).get("StringValue", "")
                taken.append((subject, message["Body"]))
            if not answer.get("Messages"):
                if taken or time.monotonic() >= until:
                    return taken
                time.sleep(0.1)


def look(account: Account, project: str) -> Looks:
    """What the account looks like, in a few words a resource, through AWS's own APIs."""
    return {resource: words for kind in KINDS for resource, words in kind.look(account, project).items()}
