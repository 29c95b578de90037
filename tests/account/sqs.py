"""SQS: moto's, but that it never waits for a message."""

from __future__ import annotations

import json
from dataclasses import replace

from . import moto_bridge
from .messages import Response
from .seed import Seeder
from .service import Call, Service, Throttling


def receive_message(call: Call) -> Response:
    """Always a short poll: moto would wait with everybody else locked out."""
    body = json.dumps(call.params | {"WaitTimeSeconds": 0}).encode()
    return moto_bridge.send(call.account.id, replace(call.request, body=body))


def seed_queue(seeder: Seeder, *, name: str) -> None:
    seeder.backend("sqs").create_queue(name)


SERVICE = Service(
    "sqs",
    handlers={"ReceiveMessage": receive_message},
    target=("AmazonSQS", "application/x-amz-json-1.0"),
    names=("QueueUrl", "QueueName"),
    throttling=Throttling("RequestThrottled", 403),
    seeds={"queues": seed_queue},
)
