"""The simulated AWS account: started, seeded, and looked at as a person would."""

from __future__ import annotations

import json
import subprocess
import time
from typing import Any

from account.client import COMMAND, HERE, Client, endpoint_of

from .processes import Processes

ACCOUNT = "123456789012"
# The emulator's name for the only function it has.
FUNCTION = "_"
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


def look(account: Account, project: str) -> dict[tuple[str, str], str]:
    """What the account looks like, in a few words a resource, through AWS's own APIs."""
    seen: dict[tuple[str, str], str] = {}
    sagemaker = account.client("sagemaker")
    for endpoint in sagemaker.list_endpoints()["Endpoints"]:
        described = sagemaker.describe_endpoint(EndpointName=endpoint["EndpointName"])
        instances = sum(variant["CurrentInstanceCount"] for variant in described["ProductionVariants"])
        seen["endpoint", endpoint["EndpointName"]] = f"{described['EndpointStatus']}, {_several(instances, 'instance')}"
    kinesis = account.client("kinesis")
    for name in kinesis.list_streams()["StreamNames"]:
        shards = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["OpenShardCount"]
        seen["stream", name] = _several(shards, "shard")
    functions = account.client("lambda")
    for function in functions.list_functions()["Functions"]:
        name = function["FunctionName"]
        reserved = functions.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions")
        if name != FUNCTION:
            seen["function", name] = "unreserved" if reserved is None else f"reserved {reserved}"
    described = account.client("cloudwatch").describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    alarms = described["MetricAlarms"] + described["CompositeAlarms"]
    for whose, names in (("of the project", True), ("of others", False)):
        ours = [alarm for alarm in alarms if alarm["AlarmName"].startswith(f"{project}-") == names]
        seen["alarms", whose] = f"{sum(alarm['ActionsEnabled'] for alarm in ours)} of {len(ours)} would notify"
    return seen


def _several(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
