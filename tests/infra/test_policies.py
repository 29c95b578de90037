"""What the function's role may do. The calls themselves are checked against policies.json by the function's tests."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from typing import Any

import pytest

from .conftest import permissions_in_code
from .resolve import POLICIES, SETS, documents, generate
from .template import ACCOUNT, REGION

KINDS = {
    "sagemaker": ("SageMakerPolicy", "SageMakerEndpoints"),
    "kinesis": ("KinesisPolicy", "KinesisStreams"),
    "lambda": ("LambdaPolicy", "LambdaFunctions"),
    "cloudwatch": ("CloudWatchPolicy", "CloudWatchAlarms"),
    "dynamodb": ("DynamoDBPolicy", "DynamoDBTables"),
}
# Granted, though the function makes no such call: AWS asks whether it might.
ASKED_BY_AWS = {"EncryptedEndpoints", "ScalingAsksWhetherItsCallerMight"}
# docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html, without white space
LARGEST_INLINE, LARGEST_MANAGED, MOST_MANAGED = 10_240, 6_144, 10


def actions(document: dict[str, Any], effect: str = "Allow", leaving_out: frozenset[str] = frozenset()) -> set[str]:
    return {
        action
        for statement in document["Statement"]
        if statement["Effect"] == effect and statement["Sid"] not in leaving_out
        for action in listed(statement["Action"])
    }


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def statement(parameters: dict[str, str], policy: str, sid: str) -> dict[str, Any]:
    [found] = [one for one in documents(parameters)[policy]["Statement"] if one["Sid"] == sid]
    return found


def test_policies_json_is_what_the_template_says() -> None:
    assert POLICIES.read_text() == generate(), "run `.venv/bin/python tests/infra/resolve.py`"


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_granted_what_its_code_names_and_nothing_else(kind: str) -> None:
    policy, _ = KINDS[kind]
    granted = actions(documents({})[policy], leaving_out=frozenset(ASKED_BY_AWS))
    assert granted == permissions_in_code()[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_whose_list_is_empty_is_granted_nothing(kind: str) -> None:
    policy, parameter = KINDS[kind]
    rest = documents({parameter: ""})
    assert policy not in rest and len(rest) == len(documents({})) - 1
    others = {action for document in rest.values() for action in actions(document, leaving_out=frozenset(ASKED_BY_AWS))}
    assert {action for action in others if action.startswith(f"{kind}:")} <= {
        "lambda:InvokeFunction",
        "cloudwatch:DescribeAlarms",
    }


def test_the_kinds_are_those_of_the_code() -> None:
    assert KINDS.keys() == permissions_in_code().keys()


@pytest.mark.parametrize("name", SETS)
def test_what_is_allowed_on_everything_only_lists_and_looks(name: str) -> None:
    for document in documents(SETS[name]).values():
        for one in document["Statement"]:
            if one["Effect"] == "Allow" and "*" in listed(one["Resource"]):
                harmless = all(re.fullmatch(r"[\w-]+:(List|Describe|Get)\w+", a) for a in listed(one["Action"]))
                by_aws = one["Condition"].get("Bool", {}).get("aws:ViaAWSService") == "true"
                assert harmless or by_aws, one
                assert one["Condition"]["StringEquals"]["aws:RequestedRegion"] in (REGION, "us-east-1")


@pytest.mark.parametrize("name", SETS)
def test_what_is_allowed_on_some_is_in_this_account_and_region(name: str) -> None:
    for document in documents(SETS[name]).values():
        for one in document["Statement"]:
            if one["Effect"] == "Deny":
                continue
            for arn in listed(one["Resource"]):
                if arn == "*" or arn.startswith("arn:aws:s3:::"):
                    continue
                _, _, _, region, account, _ = arn.split(":", 5)
                if (region, account) != (REGION, ACCOUNT):
                    assert one["Condition"]["StringEquals"] == {"aws:RequestedRegion": REGION}, one
                    assert one["Condition"]["StringEqualsIfExists"] == {"aws:ResourceAccount": ACCOUNT}, one


def test_every_name_becomes_an_arn() -> None:
    lists = {"LambdaFunctions": "a,b-*", "CloudWatchAlarms": "errors [prod]: too many,x"}
    assert statement(lists, "LambdaPolicy", "Functions")["Resource"] == [
        "arn:*:lambda:*:*:function:a",
        "arn:*:lambda:*:*:function:b-*",
    ]
    assert statement(lists, "LambdaPolicy", "Qualifiers")["Resource"] == [
        "arn:*:lambda:*:*:function:a:*",
        "arn:*:lambda:*:*:function:b-*:*",
    ]
    assert statement(lists, "LambdaPolicy", "EventSources")["Condition"]["ArnLike"]["lambda:FunctionArn"] == [
        "arn:*:lambda:*:*:function:a",
        "arn:*:lambda:*:*:function:b-*",
        "arn:*:lambda:*:*:function:a:*",
        "arn:*:lambda:*:*:function:b-*:*",
    ]
    assert statement(lists, "CloudWatchPolicy", "Alarms")["Resource"] == [
        "arn:*:cloudwatch:*:*:alarm:errors [prod]: too many",
        "arn:*:cloudwatch:*:*:alarm:x",
    ]
    assert statement({}, "KinesisPolicy", "Streams")["Resource"] == ["arn:*:kinesis:*:*:stream/demo-*"]


def test_with_tags_the_lists_are_all_of_their_kinds_and_exclusions_still_hold() -> None:
    tags = {"TargetTags": "team=ml", "Exclude": "audit", "KinesisStreams": ""}
    assert statement(tags, "SageMakerPolicy", "Endpoints")["Resource"] == ["arn:*:sagemaker:*:*:endpoint/*"]
    assert statement(tags, "LambdaPolicy", "Functions")["Resource"] == ["arn:*:lambda:*:*:function:*"]
    assert statement(tags, "ExcludePolicy", "NotTheseAlarms")["Resource"] == ["arn:*:cloudwatch:*:*:alarm:audit"]
    assert "KinesisPolicy" not in documents(tags)


def test_every_change_that_is_granted_is_denied_for_what_is_excluded() -> None:
    granted = documents({"Exclude": "audit"})
    changes = {
        action
        for policy, _ in KINDS.values()
        for action in actions(granted[policy], leaving_out=frozenset(ASKED_BY_AWS))
        if not re.match(r"[\w-]+:(List|Describe|Get)", action)
    }
    denied = actions(granted["ExcludePolicy"], "Deny") | actions(granted["ExcludeFunctionsPolicy"], "Deny")
    # A scalable target's ARN does not say which endpoint it is of, and without its endpoint there is none.
    assert {change for change in changes if not any(fnmatchcase(change, pattern) for pattern in denied)} == {
        "application-autoscaling:DeregisterScalableTarget",
        "application-autoscaling:PutScalingPolicy",
        "application-autoscaling:PutScheduledAction",
        "application-autoscaling:RegisterScalableTarget",
        "application-autoscaling:TagResource",
    }


@pytest.mark.parametrize("name", SETS)
def test_it_may_call_itself_and_never_change_itself_its_alarms_or_its_bucket(name: str) -> None:
    own = documents(SETS[name])["SelfPolicy"]
    assert actions(own) == {"lambda:InvokeFunction"}
    denied = actions(own, "Deny")
    for action in (
        "lambda:PutFunctionConcurrency",
        "lambda:DeleteFunctionConcurrency",
        "lambda:UpdateFunctionCode",
        "lambda:UpdateEventSourceMapping",
        "lambda:PutProvisionedConcurrencyConfig",
        "cloudwatch:DisableAlarmActions",
        "s3:DeleteBucket",
        "s3:DeleteObject",
        "s3:DeleteObjectVersion",
        "s3:PutBucketPolicy",
        "s3:PutBucketVersioning",
        "s3:PutLifecycleConfiguration",
    ):
        assert any(fnmatchcase(action, pattern) for pattern in denied), action
    assert not any(fnmatchcase("lambda:InvokeFunction", pattern) for pattern in denied)
    assert not any(fnmatchcase("s3:PutObject", pattern) for pattern in denied)


def test_the_longest_lists_fit_into_the_policies() -> None:
    names = ",".join(f"user-journey-analytic-{n:02}" for n in range(20))
    assert len(names) == 499, "the most that a list takes"
    parameters = {parameter: names for _, parameter in KINDS.values()} | {"Exclude": names}
    made = documents(parameters | {"ProjectName": "p" * 64, "Environment": "e" * 32})
    sizes = {name: len(re.sub(r"\s", "", json.dumps(document))) for name, document in made.items()}
    assert sizes.pop("always") <= LARGEST_INLINE
    assert len(sizes) <= MOST_MANAGED
    assert {name: size for name, size in sizes.items() if size > LARGEST_MANAGED} == {}
