"""SNS delivers what AWS delivers."""

from __future__ import annotations

import json

import pytest

from .conftest import Account, refused


def test_subscribers_get_the_text_of_their_protocol(account: Account) -> None:
    topic = account.seed(topic="t")["topic"]
    message = json.dumps({"default": '{"outcome": "ok"}', "email": "all is well"})
    account.sns.publish(TopicArn=topic, Subject="Stopped", MessageStructure="json", Message=message)
    delivered = {"topic": "t", "subject": "Stopped", "email": "all is well", "json": '{"outcome": "ok"}'}
    assert account.control("GET", "messages") == [delivered]
    for queue, text in (("t-email", "all is well"), ("t-json", '{"outcome": "ok"}')):
        url = account.sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        assert [m["Body"] for m in account.sqs.receive_message(QueueUrl=url)["Messages"]] == [text]


@pytest.mark.parametrize(
    "message",
    [
        {"Message": "{}", "MessageStructure": "json"},
        {"Message": "no json", "MessageStructure": "json"},
        {"Message": "x" * 262_145},
        {"Message": "x", "Subject": "x" * 100},
        {"Message": "x", "Subject": "two\nlines"},
        {"Message": "x", "Subject": "Größe"},
        {"Message": ""},
    ],
)
def test_what_sns_does_not_deliver_is_an_invalid_parameter(account: Account, message: dict) -> None:
    topic = account.seed(topic="t")["topic"]
    refused("InvalidParameter", account.sns.publish, TopicArn=topic, **message)
    assert account.control("GET", "messages") == []


def test_the_largest_message_is_delivered(account: Account) -> None:
    topic = account.seed(topic="t")["topic"]
    account.sns.publish(TopicArn=topic, Message="x" * 262_144, Subject="x" * 99)
    assert len(account.control("GET", "messages")) == 1


def test_a_missing_topic_is_not_found(account: Account) -> None:
    topic = f"arn:aws:sns:us-east-1:{account.id}:none"
    refused("NotFound", account.sns.publish, TopicArn=topic, Message="x")
    assert account.control("GET", "messages") == []
