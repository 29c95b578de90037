"""The Resource Groups Tagging API's GetResources, over the resources of all services.

https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html: "tagged or previously
tagged". The index follows late, so that a test can have it tell of what was deleted or untagged since.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .inside import Inside
from .messages import AwsError
from .paging import page
from .service import Call, Service, Throttling
from .state import Account
from .tags import pairs


@dataclass
class Index:
    # What it still tells of resources, by ARN, whatever they are now.
    stale: dict[str, dict[str, str]] = field(default_factory=dict)


def _resources(call: Call) -> Iterator[tuple[str, dict[str, str]]]:
    inside = Inside(call.account, call.region)
    for service in call.account.services:
        yield from service.tagged(inside)


def _type_matches(arn: str, filters: list[str]) -> bool:
    """A filter is a service, or a service and a type: `lambda`, `lambda:function`."""
    parts = arn.split(":", 5)
    kind = parts[5].replace("/", ":").split(":")[0]
    return not filters or parts[2] in filters or f"{parts[2]}:{kind}" in filters


def _tags_match(tags: dict[str, str], filters: list[dict[str, Any]]) -> bool:
    """All keys must match; of a key's values, one; a key without values matches any."""
    return all(f["Key"] in tags and (not f.get("Values") or tags[f["Key"]] in f["Values"]) for f in filters)


def get_resources(call: Call) -> dict[str, Any]:
    params = call.params
    size = int(params.get("ResourcesPerPage") or 50)
    if not 1 <= size <= 100:
        raise AwsError("InvalidParameterException", "ResourcesPerPage must be between 1 and 100")
    types, tag_filters = params.get("ResourceTypeFilters") or [], params.get("TagFilters") or []
    arns = params.get("ResourceARNList") or []
    indexed = dict(_resources(call)) if call.account.settings.tags_indexed else {}
    resources = sorted((indexed | call.account.state(Index).stale).items())
    found = [
        {"ResourceARN": arn, "Tags": pairs(dict(sorted(tags.items())))}
        for arn, tags in resources
        if tags and _type_matches(arn, types) and _tags_match(tags, tag_filters) and (not arns or arn in arns)
    ]
    chosen, token = page(found, size, params.get("PaginationToken"), "PaginationTokenExpiredException")
    return {"ResourceTagMappingList": chosen, "PaginationToken": token or ""}


def _tell(account: Account, path: list[str], body: dict[str, Any]) -> dict[str, Any]:
    """Let the index tell this of a resource from now on, whatever becomes of it."""
    with account.lock:
        account.state(Index).stale[body["arn"]] = body["tags"]
    return {}


SERVICE = Service(
    "tagging",
    handlers={"GetResources": get_resources},
    own=True,
    model="resourcegroupstaggingapi",
    iam="tag",
    throttling=Throttling("ThrottledException", 400),
    settings={"tags_indexed": True},
    commands={("POST", "tags"): _tell},
)
