"""Streams."""

from __future__ import annotations

from account.client import Client

from . import Looks, several

STOPPED: Looks = {("stream", "user-journey-analytics-user-events"): "1 shard"}


def look(account: Client, project: str) -> Looks:
    kinesis, seen = account.client("kinesis"), {}
    for name in kinesis.list_streams()["StreamNames"]:
        shards = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["OpenShardCount"]
        seen["stream", name] = several(shards, "shard")
    return seen
