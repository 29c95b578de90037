"""Kinesis behaves as AWS's does."""

from __future__ import annotations

import pytest

from ..conftest import Account, refused


def to(target: int) -> dict:
    return {"StreamName": "s", "TargetShardCount": target, "ScalingType": "UNIFORM_SCALING"}


def test_scaling_shows_the_old_count_until_it_is_done(account: Account) -> None:
    account.seed(streams=[{"name": "s", "shards": 4}])
    account.kinesis.update_shard_count(**to(2))
    summary = account.kinesis.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]
    assert (summary["StreamStatus"], summary["OpenShardCount"]) == ("UPDATING", 4)
    account.advance(1001)
    summary = account.kinesis.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]
    assert (summary["StreamStatus"], summary["OpenShardCount"]) == ("ACTIVE", 2)


def test_a_stream_that_is_not_active_cannot_be_scaled(account: Account) -> None:
    account.seed(streams=[{"name": "s", "shards": 4}])
    account.kinesis.update_shard_count(**to(2))
    refused("ResourceInUseException", account.kinesis.update_shard_count, **to(4))


def test_an_on_demand_stream_cannot_be_scaled(account: Account) -> None:
    account.seed(streams=[{"name": "s", "mode": "ON_DEMAND"}])
    refused("ValidationException", account.kinesis.update_shard_count, **to(2))


@pytest.mark.parametrize(("shards", "target"), [(4, 1), (5, 2), (4, 9)])
def test_a_stream_scales_to_half_rounded_up_or_double_at_most(account: Account, shards: int, target: int) -> None:
    account.seed(streams=[{"name": "s", "shards": shards}])
    refused("InvalidArgumentException", account.kinesis.update_shard_count, **to(target))


@pytest.mark.parametrize("target", [3, 5, 8, 10])
def test_an_odd_count_is_reached_exactly(account: Account, target: int) -> None:
    account.seed(streams=[{"name": "s", "shards": 5}])
    account.kinesis.update_shard_count(**to(target))
    account.advance(1001)
    summary = account.kinesis.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]
    assert summary["OpenShardCount"] == target


def test_ten_updates_in_any_24_hours_are_the_limit(account: Account) -> None:
    account.settings(scaling_seconds=0)
    account.seed(streams=[{"name": "s"}])
    account.control("POST", "streams/s", {"updates": 9, "seconds_ago": 3600})
    account.kinesis.update_shard_count(**to(2))
    refused("LimitExceededException", account.kinesis.update_shard_count, **to(1))
    account.advance(23 * 3600 + 1)
    account.kinesis.update_shard_count(**to(1))


def test_the_shard_limit_holds_on_the_way_up(account: Account) -> None:
    account.settings(shard_limit=4)
    account.seed(streams=[{"name": "s", "shards": 2}, {"name": "other", "shards": 1}])
    refused("LimitExceededException", account.kinesis.update_shard_count, **to(4))
    account.kinesis.update_shard_count(**to(1))


def test_a_missing_stream_is_not_found(account: Account) -> None:
    refused("ResourceNotFoundException", account.kinesis.describe_stream_summary, StreamName="s")


def test_streams_are_listed_in_pages_with_mode_and_status(account: Account) -> None:
    account.seed(streams=[{"name": f"s{n}", "mode": "ON_DEMAND" if n == 2 else "PROVISIONED"} for n in range(3)])
    first = account.kinesis.list_streams(Limit=2)
    assert first["HasMoreStreams"]
    second = account.kinesis.list_streams(NextToken=first["NextToken"])
    assert [s["StreamModeDetails"]["StreamMode"] for s in second["StreamSummaries"]] == ["ON_DEMAND"]
    assert account.kinesis.list_streams(ExclusiveStartStreamName="s1")["StreamNames"] == ["s2"]


def test_tags_retention_and_consumers_are_shown(account: Account) -> None:
    account.seed(streams=[{"name": "s", "retention_hours": 48, "tags": {"a": "1", "b": "2"}, "consumers": ["c"]}])
    summary = account.kinesis.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]
    assert (summary["RetentionPeriodHours"], summary["ConsumerCount"]) == (48, 1)
    tags = account.kinesis.list_tags_for_stream(StreamName="s", Limit=1)
    assert (tags["Tags"], tags["HasMoreTags"]) == ([{"Key": "a", "Value": "1"}], True)
    tags = account.kinesis.list_tags_for_stream(StreamName="s", ExclusiveStartTagKey="a")
    assert tags["Tags"] == [{"Key": "b", "Value": "2"}]
    assert len(account.kinesis.list_tags_for_resource(ResourceARN=summary["StreamARN"])["Tags"]) == 2
    consumers = account.kinesis.list_stream_consumers(StreamARN=summary["StreamARN"])["Consumers"]
    assert [consumer["ConsumerName"] for consumer in consumers] == ["c"]
