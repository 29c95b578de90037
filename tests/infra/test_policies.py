"""What the function's role may do. The function's own tests check its calls against the same policies."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from .conftest import permissions_in_code
from .resolve import SETS, documents
from .template import ACCOUNT, KINDS, REGION, TEMPLATE, Kind, twelve_kinds, with_kinds

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


def sids(text: str) -> list[str]:
    return re.findall(r"^- Sid: (\w+)$", text, re.MULTILINE)


def of_kind(kind: Kind, made: dict[str, Any]) -> list[dict[str, Any]]:
    """A kind's statements, in whichever policy they are."""
    own = sids(kind.section("Allow"))
    return [one for document in made.values() for one in document["Statement"] if one["Sid"] in own]


# Granted, though the function makes no such call: AWS asks whether it might.
ASKED_BY_AWS = {"EncryptedEndpoints"} | {
    sid for kind in KINDS for sid in sids(kind.section("Allow")) if sid.endswith("AsksWhetherItsCallerMight")
}


def statement(parameters: dict[str, str], sid: str) -> dict[str, Any]:
    [found] = [one for made in documents(parameters).values() for one in made["Statement"] if one["Sid"] == sid]
    return found


def test_no_two_statements_have_the_same_name() -> None:
    names = [one["Sid"] for document in documents({"Exclude": "x"}).values() for one in document["Statement"]]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_kind_is_granted_what_its_code_names_and_nothing_else(kind: Kind) -> None:
    granted = actions({"Statement": of_kind(kind, documents({}))}, leaving_out=frozenset(ASKED_BY_AWS))
    assert granted == permissions_in_code()[kind.name]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_kind_whose_list_is_empty_is_granted_nothing(kind: Kind) -> None:
    rest = documents({kind.parameter: ""})
    assert of_kind(kind, documents({})) and not of_kind(kind, rest)
    for other in KINDS:
        if other is not kind:
            assert of_kind(other, rest) == of_kind(other, documents({})), other.name
    others = {action for document in rest.values() for action in actions(document, leaving_out=frozenset(ASKED_BY_AWS))}
    assert {action for action in others if action.startswith(f"{kind.name}:")} <= {
        "lambda:InvokeFunction",
        "cloudwatch:DescribeAlarms",
    }


def test_where_nothing_is_managed_there_is_no_policy_for_it() -> None:
    assert documents({kind.parameter: "" for kind in KINDS}).keys() == {"always", "SelfPolicy"}


def test_the_kinds_are_those_of_the_code() -> None:
    assert {kind.name for kind in KINDS} == permissions_in_code().keys()


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
    assert statement(lists, "Functions")["Resource"] == [
        "arn:*:lambda:*:*:function:a",
        "arn:*:lambda:*:*:function:b-*",
    ]
    assert statement(lists, "Qualifiers")["Resource"] == [
        "arn:*:lambda:*:*:function:a:*",
        "arn:*:lambda:*:*:function:b-*:*",
    ]
    assert statement(lists, "EventSources")["Condition"]["ArnLike"]["lambda:FunctionArn"] == [
        "arn:*:lambda:*:*:function:a",
        "arn:*:lambda:*:*:function:b-*",
        "arn:*:lambda:*:*:function:a:*",
        "arn:*:lambda:*:*:function:b-*:*",
    ]
    assert statement(lists, "Alarms")["Resource"] == [
        "arn:*:cloudwatch:*:*:alarm:errors [prod]: too many",
        "arn:*:cloudwatch:*:*:alarm:x",
    ]
    assert statement({}, "Streams")["Resource"] == ["arn:*:kinesis:*:*:stream/demo-*"]


def test_with_tags_the_lists_are_all_of_their_kinds_and_exclusions_still_hold() -> None:
    tags = {"TargetTags": "team=ml", "Exclude": "audit", "KinesisStreams": ""}
    assert statement(tags, "Endpoints")["Resource"] == ["arn:*:sagemaker:*:*:endpoint/*"]
    assert statement(tags, "Functions")["Resource"] == ["arn:*:lambda:*:*:function:*"]
    assert statement(tags, "NotTheseAlarms")["Resource"] == ["arn:*:cloudwatch:*:*:alarm:audit"]
    assert not any(of_kind(kind, documents(tags)) for kind in KINDS if kind.name == "kinesis")


def test_every_change_that_is_granted_is_denied_for_what_is_excluded() -> None:
    granted = documents({"Exclude": "audit"})
    changes = {
        action
        for kind in KINDS
        for action in actions({"Statement": of_kind(kind, granted)}, leaving_out=frozenset(ASKED_BY_AWS))
        if not re.match(r"[\w-]+:(List|Describe|Get)", action)
    }
    excluding = [document for name, document in granted.items() if name.startswith("ExcludePolicy")]
    denied = {action for document in excluding for action in actions(document, "Deny")}
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


def sizes(parameters: dict[str, str], template: Path = TEMPLATE) -> dict[str, int]:
    made = documents(parameters | {"ProjectName": "p" * 64, "Environment": "e" * 32}, template)
    return {name: len(re.sub(r"\s", "", json.dumps(document))) for name, document in made.items()}


def test_the_longest_lists_fit_into_the_policies_of_twelve_kinds(tmp_path: Path) -> None:
    kinds = twelve_kinds()
    names, excluded = (",".join(f"{n:02}".rjust(length, "x") for n in range(20)) for length in (9, 14))
    assert (len(names), len(excluded)) == (199, 299), "the most that a list takes"
    parameters = {kind.parameter: names for kind in kinds} | {"Exclude": excluded}
    for file, told in ((TEMPLATE, KINDS), (with_kinds(kinds, tmp_path), kinds)):
        known = {kind.parameter for kind in told} | {"Exclude"}
        made = sizes({name: value for name, value in parameters.items() if name in known}, file)
        assert made.pop("always") <= LARGEST_INLINE
        assert len(made) <= MOST_MANAGED
        assert {name: size for name, size in made.items() if size > LARGEST_MANAGED} == {}


def test_twelve_kinds_are_granted_each_of_their_statements_once(tmp_path: Path) -> None:
    kinds = twelve_kinds()
    made = documents({"Exclude": "x"}, with_kinds(kinds, tmp_path))
    found = sorted(one["Sid"] for document in made.values() for one in document["Statement"])
    own = [sid for kind in kinds for key in ("Allow", "Deny") for sid in sids(kind.section(key))]
    assert [sid for sid in found if sid in own] == sorted(own)
