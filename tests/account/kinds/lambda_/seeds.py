"""Functions as a seed describes them, with versions, aliases, concurrency and mappings."""

from __future__ import annotations

import json
from typing import Any

from ...seed import Seeder
from ...tags import Tags
from .. import dynamodb
from .functions import Functions, Provisioned, backend, create


def seed_function(
    seeder: Seeder,
    *,
    name: str,
    reserved: int | None = None,
    memory: int = 128,
    timeout: int = 3,
    architecture: str = "x86_64",
    tags: Tags | None = None,
    environment: dict[str, str] | None = None,
    versions: int = 0,
    aliases: dict[str, str] | None = None,
    provisioned: dict[str, int] | None = None,
    mappings: list[dict[str, Any]] | None = None,
    on_failure: str | None = None,
    dead_letter: str | None = None,
    recursive_loop: str | None = None,
    master_arn: str | None = None,
) -> None:
    function = create(
        seeder.account,
        seeder.region,
        {
            "FunctionName": name,
            "MemorySize": memory,
            "Timeout": timeout,
            "Architectures": [architecture],
            "Tags": tags or {},
            "Environment": {"Variables": environment or {}},
        },
    )
    function.reserved_concurrency = reserved
    base = f"/2015-03-31/functions/{name}"
    for _ in range(versions):
        function.code_or_config_updated = True  # else nothing new would be published
        seeder.rest("lambda", "POST", f"{base}/versions", body=b"{}")
    for alias, version in (aliases or {}).items():
        body = json.dumps({"Name": alias, "FunctionVersion": version}).encode()
        seeder.rest("lambda", "POST", f"{base}/aliases", body=body)
    state = seeder.account.state(Functions)
    for qualifier, count in (provisioned or {}).items():
        state.provisioned[name, qualifier] = Provisioned(count, seeder.account.now(), 0)
    for mapping in mappings or []:
        _seed_mapping(seeder, name, **mapping)
    if on_failure:
        body = json.dumps({"DestinationConfig": {"OnFailure": {"Destination": on_failure}}}).encode()
        seeder.rest("lambda", "PUT", f"/2019-09-25/functions/{name}/event-invoke-config", body=body)
    if dead_letter:
        state.fields[name] = {"DeadLetterConfig": {"TargetArn": dead_letter}}
    if master_arn:
        state.fields[name] = state.fields.get(name, {}) | {"MasterArn": master_arn}
    if recursive_loop:
        state.recursion[name] = recursive_loop


def _seed_mapping(
    seeder: Seeder,
    function: str,
    *,
    stream: str | None = None,
    queue: str | None = None,
    table: str | None = None,
    enabled: bool = True,
    batch_size: int | None = None,
) -> None:
    if stream:
        source = seeder.arn("kinesis", f"stream/{stream}")
    elif queue:
        source = seeder.arn("sqs", queue)
    else:
        source = dynamodb.stream_of(seeder, str(table))
    spec = {"FunctionName": function, "EventSourceArn": source, "Enabled": enabled, "BatchSize": batch_size}
    backend(seeder.account, seeder.region).create_event_source_mapping(spec)
