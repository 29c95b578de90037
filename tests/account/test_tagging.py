"""The Resource Groups Tagging API finds what AWS's does."""

from __future__ import annotations

from .conftest import Account, refused


def test_resources_of_all_kinds_are_found_by_all_their_tags(account: Account) -> None:
    tags = {"Project": "p", "Stage": "dev"}
    one = [{"name": "x", "tags": tags}, {"name": "y", "tags": {"Project": "p"}}]
    account.seed(**dict.fromkeys(("endpoints", "streams", "functions", "alarms", "tables"), one))
    find = account.resourcegroupstaggingapi.get_resources
    filters = [{"Key": "Project", "Values": ["p"]}, {"Key": "Stage", "Values": ["dev", "prod"]}]
    found = [r["ResourceARN"].split(":")[2] for r in find(TagFilters=filters)["ResourceTagMappingList"]]
    assert sorted(found) == ["cloudwatch", "dynamodb", "kinesis", "lambda", "sagemaker"]
    types = ["sagemaker:endpoint", "kinesis:stream", "cloudwatch:alarm", "lambda:function", "dynamodb:table"]
    for kind in types:
        assert len(find(TagFilters=filters, ResourceTypeFilters=[kind])["ResourceTagMappingList"]) == 1, kind


def test_an_index_that_has_not_caught_up_finds_nothing(account: Account) -> None:
    account.seed(streams=[{"name": "s", "tags": {"team": "ml"}}])
    get = account.client("resourcegroupstaggingapi").get_resources
    assert len(get()["ResourceTagMappingList"]) == 1
    account.settings(tags_indexed=False)
    assert get()["ResourceTagMappingList"] == []


def test_resources_come_in_pages(account: Account) -> None:
    account.seed(streams=[{"name": f"s{n}", "tags": {"k": "v"}} for n in range(5)])
    find = account.resourcegroupstaggingapi.get_resources
    first = find(ResourcesPerPage=3)
    second = find(ResourcesPerPage=3, PaginationToken=first["PaginationToken"])
    assert (len(first["ResourceTagMappingList"]), len(second["ResourceTagMappingList"])) == (3, 2)
    assert second["PaginationToken"] == ""
    refused("InvalidParameterException", find, ResourcesPerPage=101)


def test_the_index_may_tell_of_what_was_deleted_or_untagged(account: Account) -> None:
    account.seed(streams=[{"name": "s"}])
    arns = [f"arn:aws:kinesis:us-east-1:{account.id}:stream/{name}" for name in ("gone", "s")]
    for arn in arns:
        account.control("POST", "tags", {"arn": arn, "tags": {"Project": "p"}})
    found = account.resourcegroupstaggingapi.get_resources(TagFilters=[{"Key": "Project", "Values": ["p"]}])
    assert [mapping["ResourceARN"] for mapping in found["ResourceTagMappingList"]] == arns
    assert account.kinesis.list_tags_for_stream(StreamName="s")["Tags"] == []
