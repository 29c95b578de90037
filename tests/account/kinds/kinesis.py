"""Kinesis: moto's streams, with the rules of UpdateShardCount and the time that scaling takes.

https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateShardCount.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .. import moto_bridge
from ..inside import Inside
from ..messages import AwsError, Response
from ..paging import page
from ..seed import Seeder
from ..service import Ask, Call, Handlers, Service, Throttling
from ..state import Account
from ..tags import Tags, in_order, pairs

DAY = 24 * 60 * 60
UPDATES_PER_DAY = 10


@dataclass
class Streams:
    # By stream name: when scaling ends and with how many shards, and when UpdateShardCount was called.
    scaling: dict[str, tuple[float, int]] = field(default_factory=dict)
    updates: dict[str, list[float]] = field(default_factory=dict)


def backend(account: Account, region: str) -> Any:
    """moto's streams, with every scaling finished whose time has come."""
    streams = moto_bridge.backend("kinesis", account.id, region)
    scaling = account.state(Streams).scaling
    for name, (ends, target) in list(scaling.items()):
        if account.is_over("scaling", ends) and name in streams.streams:
            streams.streams[name].update_shard_count(target)
            streams.streams[name].status = "ACTIVE"
            del scaling[name]
    return streams


def open_shards(stream: Any) -> int:
    return sum(shard.is_open for shard in stream.shards.values())


def _find(call: Call) -> Any:
    name = call.params.get("StreamName") or call.params["StreamARN"].rsplit("/", 1)[-1]
    if stream := backend(call.account, call.region).streams.get(name):
        return stream
    raise AwsError("ResourceNotFoundException", f"Stream {name} under account {call.account.id} not found.")


def _other_shards(call: Call, stream: Any) -> int:
    streams = backend(call.account, call.region).streams.values()
    return sum(open_shards(other) for other in streams if other is not stream)


def update_shard_count(call: Call) -> dict[str, Any]:
    account, stream, target = call.account, _find(call), int(call.params["TargetShardCount"])
    state, now, name = account.state(Streams), account.now(), stream.stream_name
    current, where = open_shards(stream), f"Stream {name} under account {account.id}"
    if stream.stream_mode.get("StreamMode") == "ON_DEMAND":
        raise AwsError("ValidationException", f"Request is invalid. {where} is in On-Demand mode.")
    if stream.status != "ACTIVE":
        raise AwsError("ResourceInUseException", f"{where} not ACTIVE, instead in state {stream.status}")
    sizes = f"Current open shard count: {current} Target shard count: {target}"
    if target > 2 * current:
        raise AwsError(
            "InvalidArgumentException",
            f"UpdateShardCount cannot scale up over double your current open shard count. {sizes}",
        )
    if target < -(-current // 2):
        raise AwsError(
            "InvalidArgumentException",
            f"UpdateShardCount cannot scale down below half your current open shard count. {sizes}",
        )
    # Counted on the way up only: a bench has hundreds of streams.
    if target > current and (others := _other_shards(call, stream)) + target > account.settings.shard_limit:
        raise AwsError(
            "LimitExceededException",
            f"This request would exceed the shard limit for the account {account.id} in {call.region}. "
            f"Current shard count for the account: {others + current}. Limit: {account.settings.shard_limit}.",
        )
    recent = [when for when in state.updates.get(name, []) if when > now - DAY]
    if len(recent) >= UPDATES_PER_DAY:
        raise AwsError(
            "LimitExceededException",
            f"{where} has reached the limit of {UPDATES_PER_DAY} UpdateShardCount operations per 24 hours.",
        )
    state.updates[name] = [*recent, now]
    state.scaling[name] = (now + account.settings.scaling_seconds, target)
    stream.status = "UPDATING"
    return {"StreamName": name, "StreamARN": stream.arn, "CurrentShardCount": current, "TargetShardCount": target}


def summary(stream: Any) -> dict[str, Any]:
    result = dict(stream.to_json_summary()["StreamDescriptionSummary"])
    result["OpenShardCount"] = open_shards(stream)
    result["ConsumerCount"] = len(stream.consumers)
    return {key: value for key, value in result.items() if value is not None}


def describe_stream_summary(call: Call) -> dict[str, Any]:
    return {"StreamDescriptionSummary": summary(_find(call))}


def list_streams(call: Call) -> dict[str, Any]:
    """In order of names, 100 a page."""
    after = call.params.get("ExclusiveStartStreamName") or ""
    streams = [s for name, s in sorted(backend(call.account, call.region).streams.items()) if name > after]
    chosen, token = page(
        streams, int(call.params.get("Limit") or 100), call.params.get("NextToken"), "ExpiredNextTokenException"
    )
    keys = ("StreamName", "StreamARN", "StreamStatus", "StreamModeDetails", "StreamCreationTimestamp")
    return {
        "StreamNames": [stream.stream_name for stream in chosen],
        "StreamSummaries": [{key: value for key, value in summary(s).items() if key in keys} for s in chosen],
        "HasMoreStreams": token is not None,
    } | ({"NextToken": token} if token else {})


def _tags(stream: Any) -> list[dict[str, str]]:
    return pairs(dict(sorted(stream.tags.items())))


def list_tags_for_stream(call: Call) -> dict[str, Any]:
    after, limit = call.params.get("ExclusiveStartTagKey") or "", int(call.params.get("Limit") or 50)
    tags = [tag for tag in _tags(_find(call)) if tag["Key"] > after]
    return {"Tags": tags[:limit], "HasMoreTags": len(tags) > limit}


def list_tags_for_resource(call: Call) -> dict[str, Any]:
    call.params["StreamARN"] = call.params["ResourceARN"]
    return {"Tags": _tags(_find(call))}


def _when_active(call: Call) -> Response:
    """Changes that AWS refuses while a stream is in transition."""
    stream = _find(call)
    if stream.status != "ACTIVE":
        where = f"Stream {stream.stream_name} under account {call.account.id}"
        raise AwsError("ResourceInUseException", f"{where} not ACTIVE, instead in state {stream.status}")
    return call.forward()


def _settled(call: Call) -> Response:
    backend(call.account, call.region)
    return call.forward()


def _list_stream_consumers(call: Call) -> Response:
    _find(call)
    return call.forward()


HANDLERS: Handlers = {
    "DecreaseStreamRetentionPeriod": _when_active,
    "DescribeStream": _settled,
    "DescribeStreamSummary": describe_stream_summary,
    "IncreaseStreamRetentionPeriod": _when_active,
    "ListShards": _settled,
    "ListStreamConsumers": _list_stream_consumers,
    "ListStreams": list_streams,
    "ListTagsForResource": list_tags_for_resource,
    "ListTagsForStream": list_tags_for_stream,
    "UpdateShardCount": update_shard_count,
    "UpdateStreamMode": _when_active,
}


def seed_stream(
    seeder: Seeder,
    *,
    name: str,
    shards: int = 1,
    mode: str = "PROVISIONED",
    retention_hours: int = 24,
    tags: Tags | None = None,
    consumers: list[str] | None = None,
) -> None:
    streams = backend(seeder.account, seeder.region)
    stream = streams.create_stream(name, shards, {"StreamMode": mode}, retention_hours)
    stream.tags.update(tags or {})
    for consumer in consumers or []:
        streams.register_stream_consumer(stream.arn, consumer)


def picture(inside: Inside) -> dict[str, Any]:
    result = {}
    for name, stream in sorted(backend(inside.account, inside.region).streams.items()):
        summary = inside.call("kinesis", "DescribeStreamSummary", StreamName=name)["StreamDescriptionSummary"]
        result[name] = {
            "mode": summary["StreamModeDetails"]["StreamMode"],
            "status": summary["StreamStatus"],
            "open_shards": summary["OpenShardCount"],
            "retention_hours": summary["RetentionPeriodHours"],
            "encryption": summary["EncryptionType"],
            "consumers": sorted(consumer.consumer_name for consumer in stream.consumers),
            "tags": in_order(inside.call("kinesis", "ListTagsForStream", StreamName=name)["Tags"]),
        }
    return {"streams": result}


def tagged(inside: Inside) -> Iterator[tuple[str, Tags]]:
    for stream in backend(inside.account, inside.region).streams.values():
        yield stream.arn, stream.tags


def asks(call: Call) -> list[Ask]:
    return [call.ask(f"stream/{call.resource}" if call.resource else "any")]


def _updated(account: Account, path: list[str], body: dict[str, Any]) -> dict[str, Any]:
    """Pretend that UpdateShardCount was called so often, so many seconds ago."""
    with account.lock:
        when = account.now() - float(body.get("seconds_ago", 0))
        account.state(Streams).updates.setdefault(path[0], []).extend([when] * int(body["updates"]))
    return {}


SERVICE = Service(
    "kinesis",
    handlers=HANDLERS,
    target=("Kinesis_20131202", "application/x-amz-json-1.1"),
    names=("StreamName", "StreamARN"),
    throttling=Throttling(
        "LimitExceededException",
        400,
        aws={
            "DescribeStreamSummary": 20,
            "ListStreams": 5,
            "UpdateShardCount": 10,
            "ListTagsForStream": 5,
            "ListStreamConsumers": 5,
            "DescribeLimits": 1,
        },
        per_resource=("ListStreamConsumers",),
    ),
    transitions={"scaling": 0.3},
    settings={"shard_limit": 500},
    seeds={"streams": seed_stream},
    picture=picture,
    tagged=tagged,
    asks=asks,
    commands={("POST", "streams"): _updated},
)
