"""The script that most people would write: one call after the other, the originals in one object in S3.

It is what the function is measured against, so it is honest: it lists by pages, names alarms by the hundred, keeps what
it needs to start again, and waits for streams and endpoints together, on the way down as on the way up. It has no state
to speak of, and a crash in it loses what it had in hand.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

KEY = "originals.json"
POLL_SECONDS = 0.1
# The most names that CloudWatch takes in a call.
BATCH = 100


class Script:
    def __init__(self, client: Callable[[str], Any], project: str, bucket: str) -> None:
        names = ("lambda", "kinesis", "sagemaker", "cloudwatch", "s3")
        self.functions, self.streams, self.endpoints, self.alarms, self.s3 = map(client, names)
        self.prefix, self.bucket = f"{project}-", bucket

    def _names(self, client: Any, operation: str, items: str, name: str | None) -> list[str]:
        pages = client.get_paginator(operation).paginate()
        found = (item[name] if name else item for page in pages for item in page[items])
        return [one for one in found if one.startswith(self.prefix) and not one.endswith("-manager")]

    def status(self) -> dict[str, Any]:
        """What there is, as a stop would save it."""
        found: dict[str, Any] = {"functions": {}, "streams": {}, "endpoints": {}}
        found["alarms"] = self._names(self.alarms, "describe_alarms", "MetricAlarms", "AlarmName")
        for function in self._names(self.functions, "list_functions", "Functions", "FunctionName"):
            reserved = self.functions.get_function_concurrency(FunctionName=function)
            found["functions"][function] = reserved.get("ReservedConcurrentExecutions")
        for stream in self._names(self.streams, "list_streams", "StreamNames", None):
            summary = self.streams.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]
            found["streams"][stream] = summary["OpenShardCount"]
        for endpoint in self._names(self.endpoints, "list_endpoints", "Endpoints", "EndpointName"):
            described = self.endpoints.describe_endpoint(EndpointName=endpoint)
            found["endpoints"][endpoint] = described["EndpointConfigName"]
        return found

    def stop(self) -> None:
        originals = self.status()
        self.s3.put_object(Bucket=self.bucket, Key=KEY, Body=json.dumps(originals).encode())
        for batch in _batches(originals["alarms"]):
            self.alarms.disable_alarm_actions(AlarmNames=batch)
        for function in originals["functions"]:
            self.functions.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
        for stream in originals["streams"]:
            self.streams.update_shard_count(StreamName=stream, TargetShardCount=1, ScalingType="UNIFORM_SCALING")
        for endpoint in originals["endpoints"]:
            self.endpoints.delete_endpoint(EndpointName=endpoint)
        for stream in originals["streams"]:
            self._until_active(stream)
        for endpoint in originals["endpoints"]:
            self._until_endpoint(endpoint, None)

    def start(self) -> None:
        originals = json.loads(self.s3.get_object(Bucket=self.bucket, Key=KEY)["Body"].read())
        for stream, shards in originals["streams"].items():
            self.streams.update_shard_count(StreamName=stream, TargetShardCount=shards, ScalingType="UNIFORM_SCALING")
        for endpoint, config in originals["endpoints"].items():
            self.endpoints.create_endpoint(EndpointName=endpoint, EndpointConfigName=config)
        for stream in originals["streams"]:
            self._until_active(stream)
        for endpoint in originals["endpoints"]:
            self._until_endpoint(endpoint, "InService")
        for function, reserved in originals["functions"].items():
            if reserved is None:
                self.functions.delete_function_concurrency(FunctionName=function)
            else:
                self.functions.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=reserved)
        for batch in _batches(originals["alarms"]):
            self.alarms.enable_alarm_actions(AlarmNames=batch)

    def _until_active(self, stream: str) -> None:
        def status() -> str:
            return self.streams.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["StreamStatus"]

        while status() != "ACTIVE":
            time.sleep(POLL_SECONDS)

    def _until_endpoint(self, endpoint: str, wanted: str | None) -> None:
        """Wait for a status, or for the end of the endpoint."""

        def status() -> str | None:
            try:
                return self.endpoints.describe_endpoint(EndpointName=endpoint)["EndpointStatus"]
            except ClientError as error:
                if error.response["Error"]["Message"].startswith("Could not find endpoint"):
                    return None
                raise

        while status() != wanted:
            time.sleep(POLL_SECONDS)


def _batches(names: list[str]) -> list[list[str]]:
    return [names[at : at + BATCH] for at in range(0, len(names), BATCH)]
