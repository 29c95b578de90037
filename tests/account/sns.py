"""SNS: what Publish accepts, and what each protocol's subscribers get.

https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from . import moto_bridge, sqs
from .messages import AwsError, Response
from .seed import Seeder
from .service import Call, Service, Throttling
from .tags import Tags, pairs

MAX_MESSAGE_BYTES = 262_144
# "Must be ASCII text that begins with a letter, number, or punctuation mark; must not include line breaks or control
# characters; and must be less than 100 characters long."
SUBJECT = re.compile(r"[!-~][ -~]{0,98}")


@dataclass
class Published:
    messages: list[dict[str, Any]] = field(default_factory=list)


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidParameter", f"Invalid parameter: {message}")


def _texts(message: str, structure: str | None) -> dict[str, str]:
    """The text for each protocol, under `default` what the others get."""
    if structure is None:
        return {"default": message}
    if structure != "json":
        raise _invalid("Message Structure - Only 'json' is supported")
    try:
        texts = json.loads(message)
    except ValueError:
        raise _invalid("Message Structure - JSON message body failed to parse") from None
    if not isinstance(texts, dict) or not isinstance(texts.get("default"), str):
        raise _invalid("Message Structure - No default entry in JSON message body")
    return texts


def publish(call: Call) -> Response:
    params = call.params
    message, subject, arn = params.get("Message", ""), params.get("Subject"), params.get("TopicArn", "")
    if not message:
        raise _invalid("Empty message")
    if subject is not None and not SUBJECT.fullmatch(subject):
        raise _invalid("Subject")
    attributes = sum(len(v.encode()) for k, v in params.items() if re.match(r"MessageAttributes\.entry\.\d+\.", k))
    if len(message.encode()) + attributes > MAX_MESSAGE_BYTES:
        raise _invalid("Message too long")
    texts = _texts(message, params.get("MessageStructure"))
    response = call.forward()
    if response.status < 300:
        _deliver(call, arn.rsplit(":", 1)[-1], subject, texts)
    return response


def _deliver(call: Call, topic: str, subject: str | None, texts: dict[str, str]) -> None:
    """Keep what was delivered; an e-mail goes to the queue that stands for the mailbox, if there is one."""
    email, queue = texts.get("email", texts["default"]), texts.get("sqs", texts["default"])
    delivered = {"topic": topic, "subject": subject, "email": email, "json": queue}
    call.account.state(Published).messages.append(delivered)
    queues = moto_bridge.backend("sqs", call.account.id, call.region)
    if f"{topic}-email" in queues.queues:
        attributes = {"Subject": {"DataType": "String", "StringValue": subject}} if subject else {}
        queues.send_message(f"{topic}-email", email, message_attributes=attributes)


def seed_topic(seeder: Seeder, *, name: str, tags: Tags | None = None) -> str:
    """A topic, a mailbox `{name}-email`, and a queue `{name}-json` that gets what other protocols get."""
    topics = seeder.backend("sns")
    arn: str = topics.create_topic(name, tags=pairs(tags)).arn
    for queue in (f"{name}-email", f"{name}-json"):
        sqs.seed_queue(seeder, name=queue)
    subscription = topics.subscribe(arn, seeder.arn("sqs", f"{name}-json"), "sqs")
    subscription.attributes["RawMessageDelivery"] = "true"
    return arn


SERVICE = Service(
    "sns",
    handlers={"Publish": publish},
    names=("TopicArn",),
    throttling=Throttling("Throttling", 400),
    seeds={"topic": seed_topic},
    commands={("GET", "messages"): lambda account, path, body: account.state(Published).messages},
)
