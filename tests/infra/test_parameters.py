"""The parameters: what they accept, and that each reaches the function."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from aws_cron_expression_validator.validator import AWSCronExpressionValidator

from .conftest import characters_in_code, variables_in_code
from .template import KINDS, ROOT, TEMPLATE, Kind, Stack, source, twelve_kinds, with_kinds

# Read by the function, and not for the template to set.
NOT_SET = {
    "AWS_REGION": "Lambda sets it",
    "AWS_LAMBDA_FUNCTION_NAME": "Lambda sets it",
    "POLL_SECONDS": "15 seconds suit AWS; tests and the demo have no time for them",
    "RATE_SHARE": "likewise: the default suits AWS",
}
# docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html. Lambda measures it as JSON.
LARGEST_ENVIRONMENT = 4096
LISTS = [kind.parameter for kind in KINDS]


def environment(template: Path = TEMPLATE, **parameters: str) -> dict[str, str]:
    function = Stack({"ProjectName": "demo", **parameters}, template).resources()["Function"]
    variables: dict[str, str] = function["Properties"]["Environment"]["Variables"]
    return variables


def accepts(spec: dict[str, Any], value: str) -> bool:
    if "AllowedValues" in spec:
        return value in map(str, spec["AllowedValues"])
    if spec["Type"] == "Number":
        return re.fullmatch(r"[0-9]+", value) is not None and spec["MinValue"] <= int(value) <= spec["MaxValue"]
    return len(value) <= spec.get("MaxLength", 4096) and re.fullmatch(spec["AllowedPattern"], value) is not None


def longest(spec: dict[str, Any], characters: str) -> str:
    """A value that the parameter takes, and with one character more does not."""
    values = [str(value) for value in spec.get("AllowedValues", [])] or ["9" * len(str(spec.get("MaxValue", "")))]
    if "AllowedPattern" in spec:
        values = [character * size for character in characters for size in range(spec.get("MaxLength", 100) + 1)]
    return max((value for value in values if accepts(spec, value)), key=len, default=str(spec.get("MaxValue", "")))


def test_the_function_reads_every_variable_that_the_template_sets() -> None:
    assert set(environment()) - variables_in_code() == set()


def test_the_template_sets_every_variable_that_the_function_reads() -> None:
    assert variables_in_code() - set(environment()) == set(NOT_SET)


def test_every_parameter_says_what_it_is_and_what_it_takes(template: dict[str, Any]) -> None:
    for name, spec in template["Parameters"].items():
        rules = {"AllowedPattern", "AllowedValues", "MinValue"} & spec.keys()
        assert len(rules) == 1 and spec["Description"] and spec["ConstraintDescription"], name
        assert len(spec["Description"]) <= 4000
        if "Default" in spec:
            assert accepts(spec, str(spec["Default"])), f"{name} refuses its own default"


def test_every_parameter_is_in_a_group_of_the_console(template: dict[str, Any]) -> None:
    groups = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    grouped = [name for group in groups for name in group["Parameters"]]
    assert sorted(grouped) == sorted(template["Parameters"])


def test_there_is_a_row_in_the_docs_for_every_parameter_with_its_default(
    template: dict[str, Any], deploy_section: str
) -> None:
    table = deploy_section.partition("| parameter | default |")[2].partition("\n\n")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", table, re.MULTILINE))
    words = {"": "none", None: "required"}
    expected = {}
    for name, spec in template["Parameters"].items():
        if name in LISTS:
            continue
        default = spec.get("Default")
        expected[name] = words.get(default, f"`{default}`")
    assert rows == expected
    [default] = re.findall(r"^\| a list for each kind \| `(.*?)` \|", table, re.MULTILINE)
    assert {template["Parameters"][name]["Default"] for name in LISTS} == {default}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_kinds_page_names_its_list(kind: Kind) -> None:
    page = (ROOT / "docs" / "kinds" / f"{kind.name}.md").read_text()
    assert f"The template's list of them is `{kind.parameter}`" in page


@pytest.mark.parametrize("name", [*LISTS, "Exclude"])
def test_a_list_takes_names_and_globs(template: dict[str, Any], name: str) -> None:
    spec = template["Parameters"][name]
    for value in ("", "a", "*", "shop-*", "shop-*,audit-?,x1"):
        assert accepts(spec, value), value
    for value in (",", "a,", ",a", "a,,b", "a, b", " a", "!a", "a,!b", "${aws:username}", "a,${x}"):
        assert not accepts(spec, value), value


@pytest.mark.parametrize("name", [*LISTS, "Exclude"])
def test_the_word_for_the_project_stands_alone(template: dict[str, Any], name: str) -> None:
    spec = template["Parameters"][name]
    assert accepts(spec, "PROJECT-*") == (name != "Exclude")
    for value in ("PROJECT-*,a", "a,PROJECT-*", "a,PROJECT-*,b"):
        assert not accepts(spec, value), value
    if name != "SageMakerEndpoints":
        assert accepts(spec, "PROJECT-x,a") and accepts(spec, "a,MYPROJECT-*")


@pytest.mark.parametrize("name", [*LISTS, "Exclude"])
def test_a_list_takes_twenty_names_and_no_more_characters_than_there_is_room_for(
    template: dict[str, Any], name: str
) -> None:
    spec, most = template["Parameters"][name], 300 if name == "Exclude" else 200
    assert accepts(spec, ",".join(["a"] * 20)) and not accepts(spec, ",".join(["a"] * 21))
    assert accepts(spec, "a" * most) and not accepts(spec, "a" * (most + 1))
    assert f"At most 20 of them, and {most} characters" in spec["ConstraintDescription"]


def test_the_longest_values_of_twelve_kinds_fit_into_the_functions_environment(tmp_path: Path) -> None:
    kinds = twelve_kinds()
    file = with_kinds(kinds, tmp_path)
    specs = source(file)["Parameters"]
    given = {name: longest(spec, "a=") for name, spec in specs.items()}
    # As many names as a list takes: an exclusion has a mark of its own.
    given |= {"TargetTags": "a=" + "a" * 198, "ScheduleTimezone": "A" * 40, "MaxWorkers": "64"}
    given |= {"Exclude": ",".join(["a" * 14] * 19 + ["a" * 15])}
    for name in ("TargetTags", "ScheduleTimezone", "MaxWorkers", "Exclude"):
        assert accepts(specs[name], given[name])
    assert {len(given[kind.parameter]) for kind in kinds} == {200} and len(given["Exclude"]) == 300
    # The names that CloudFormation makes: of the stack's (128 characters), the resource's and 12 more.
    topic = "arn:aws-us-gov:sns:us-gov-east-1:123456789012:" + "s" * 128 + "-Topic-" + "x" * 12
    made = {"STATE_BUCKET": "b" * 63, "SNS_TOPIC_ARN": topic}
    for by_project in ({}, {kinds[0].parameter: "PROJECT-*"}):
        variables = environment(file, **given | by_project) | made
        assert len(json.dumps(variables, separators=(",", ":"))) <= LARGEST_ENVIRONMENT


def test_the_topic_has_a_name_that_sns_takes(template: dict[str, Any]) -> None:
    names = {name: longest(template["Parameters"][name], "a") for name in ("ProjectName", "Environment")}
    topic = Stack(names).resources()["Topic"]["Properties"]
    assert len(topic["DisplayName"]) <= 100


def test_workers_are_counted_in_whole_numbers(template: dict[str, Any]) -> None:
    spec = template["Parameters"]["MaxWorkers"]
    assert [n for n in range(100) if accepts(spec, str(n))] == list(range(1, 65))
    assert not accepts(spec, "1.5") and not accepts(spec, "")


def test_an_alarm_may_be_called_almost_anything_and_an_endpoint_not(template: dict[str, Any]) -> None:
    alarms, endpoints = (template["Parameters"][name] for name in ("CloudWatchAlarms", "SageMakerEndpoints"))
    assert accepts(alarms, "errors [prod]: too many!,a/b (c)")
    for character in ("é", '"', "\\", "$", "\t"):
        assert not accepts(alarms, f"a{character}b"), character
    # IAM knows an endpoint by its name in lower case.
    assert not accepts(endpoints, "Shop-risk")
    assert accepts(endpoints, "?hop-risk") and accepts(endpoints, "PROJECT-*")


def test_tags_are_pairs(template: dict[str, Any]) -> None:
    spec = template["Parameters"]["TargetTags"]
    assert accepts(spec, "team=ml") and accepts(spec, "team=ml,stop at night=yes") and accepts(spec, "")
    assert not accepts(spec, "team") and not accepts(spec, "team=ml,") and not accepts(spec, "=ml")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_list_reaches_the_function_as_the_clause_of_its_kind(kind: Kind) -> None:
    assert environment()["RESOURCES"] == "*:demo-*"
    assert environment(**{kind.parameter: "a,b-*"})["RESOURCES"] == f"*:demo-*;{kind.name}:a,b-*"
    assert environment(**{kind.parameter: ""})["RESOURCES"] == f"*:demo-*;{kind.name}:"
    both = environment(**{kind.parameter: "a,b-*"}, Exclude="b-1,c*")
    assert both["RESOURCES"] == f"*:demo-*,!b-1,!c*;{kind.name}:a,b-*"


def test_the_projects_name_stands_there_only_where_a_kind_goes_by_it() -> None:
    lists = {name: "a" for name in LISTS}
    clauses = ";".join(f"{kind.name}:a" for kind in KINDS)
    assert environment(**lists)["RESOURCES"] == f"*:;{clauses}"
    assert environment(**lists, Exclude="b,c")["RESOURCES"] == f"*:,!b,!c;{clauses}"


def test_where_nothing_is_managed_nothing_is_excluded_from_it() -> None:
    nothing = {name: "" for name in LISTS}
    clauses = ";".join(f"{kind.name}:" for kind in KINDS)
    assert environment(**nothing, Exclude="b")["RESOURCES"] == f"*:;{clauses}"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_list_takes_no_character_that_the_function_refuses(template: dict[str, Any], kind: Kind) -> None:
    spec, allowed = template["Parameters"][kind.parameter], characters_in_code()[kind.name]
    taken = {c for c in map(chr, range(32, 127)) if not c.isalnum() and accepts(spec, f"a{c}b")}
    assert {"-", ",", "*", "?"} <= taken and ";" not in taken
    assert allowed is None or taken <= {*allowed, ",", "*", "?"}


def test_exclusions_take_what_the_clause_of_every_kind_takes(template: dict[str, Any]) -> None:
    code = (ROOT / "src" / "select" / "resources.rs").read_text()
    [allowed] = re.findall(r'OF_EVERY_KIND: Characters = Characters::LettersDigitsAnd\("(.*?)"\)', code)
    taken = {c for c in map(chr, range(32, 127)) if accepts(template["Parameters"]["Exclude"], f"a{c}b")}
    assert {c for c in taken if not c.isalnum()} == {*allowed, "*", "?", ","}


@pytest.mark.parametrize("name", ["lambda:a", "a,kinesis: b", "arn:aws:x", "*:a", "a;b"])
def test_an_alarm_is_not_taken_for_another_kinds_clause(template: dict[str, Any], name: str) -> None:
    assert not accepts(template["Parameters"]["CloudWatchAlarms"], name)


def test_the_rest_reaches_the_function() -> None:
    given = {
        "ProjectName": ("PROJECT_NAME", "shop"),
        "Environment": ("ENVIRONMENT", "prod"),
        "TargetTags": ("TARGET_TAGS", "team=ml"),
        "DryRunDefault": ("DRY_RUN_DEFAULT", "true"),
        "MaxWorkers": ("MAX_WORKERS", "3"),
        "LongestStopHours": ("LONGEST_STOP_HOURS", "12"),
        "LogLevel": ("LOG_LEVEL", "debug"),
        "ScheduleTimezone": ("SCHEDULE_TIMEZONE", "Europe/Berlin"),
    }
    variables = environment(**{name: value for name, (_, value) in given.items()})
    assert {variable: variables[variable] for variable, _ in given.values()} == dict(given.values())
    assert variables["STATE_PREFIX"] == "shop/prod"


def expressions(text: str) -> list[str]:
    return re.findall(r"cron\(([^()…]+)\)", text)


def test_every_schedule_is_one_that_aws_takes(template: dict[str, Any], deploy_section: str) -> None:
    defaults = [template["Parameters"][name]["Default"] for name in ("StopSchedule", "StartSchedule", "StartDeadline")]
    found = [expression for text in [*defaults, deploy_section] for expression in expressions(text)]
    assert len(found) >= 6
    for expression in found:
        AWSCronExpressionValidator.validate(expression)


def test_the_deadline_is_on_the_days_of_the_start_and_after_it(template: dict[str, Any]) -> None:
    start, deadline = (
        expressions(template["Parameters"][name]["Default"])[0].split() for name in ("StartSchedule", "StartDeadline")
    )
    assert start[2:] == deadline[2:]
    assert (int(start[1]), int(start[0])) < (int(deadline[1]), int(deadline[0]))


def test_every_time_zone_is_one_that_there_is(template: dict[str, Any], deploy_section: str) -> None:
    spec = template["Parameters"]["ScheduleTimezone"]
    named = re.findall(r"ScheduleTimezone[^\n]*?`([A-Z]\w+/\w+)`", deploy_section)
    assert named
    for zone in [spec["Default"], *named, *re.findall(r"\b[A-Z][a-z]+/[A-Z]\w+", spec["Description"])]:
        assert ZoneInfo(zone)
    # Nobody's own zone is refused by the pattern.
    assert {zone for zone in available_timezones() if not accepts(spec, zone)} <= {"localtime", "posixrules"}
    assert not accepts(spec, "Berlin!") and not accepts(spec, "")


def test_the_sample_events_are_what_the_schedules_send(translation: dict[str, Any]) -> None:
    schedules = {
        name: resource["Properties"]
        for name, resource in translation["Resources"].items()
        if resource["Type"] == "AWS::Scheduler::Schedule"
    }
    assert sorted(schedules) == ["FunctionCheck", "FunctionStart", "FunctionStop"]
    for name, schedule in schedules.items():
        sample = ROOT / "events" / f"scheduler-{name.removeprefix('Function').lower()}.json"
        assert json.loads(schedule["Target"]["Input"]) == json.loads(sample.read_text())
        assert schedule["ScheduleExpressionTimezone"] == {"Ref": "ScheduleTimezone"}
        assert schedule["Target"]["DeadLetterConfig"] and schedule["Target"]["RetryPolicy"]
