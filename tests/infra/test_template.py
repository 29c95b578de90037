"""What is deployed: by SAM's own translation, which shows what the template only implies."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from .template import KINDS, ROOT, TEMPLATE, Stack, assemble, twelve_kinds, with_kinds

NAMES = {"AlarmName", "BucketName", "DashboardName", "FunctionName", "LogGroupName", "ManagedPolicyName", "QueueName"}
NAMES |= {"RoleName", "TopicName", "Name"}


def test_the_template_is_what_its_parts_make() -> None:
    assert TEMPLATE.read_text() == assemble(KINDS, (ROOT / "infra" / "base.yaml").read_text()), "run `make template`"


def of_type(resources: dict[str, Any], kind: str) -> dict[str, Any]:
    return {name: one["Properties"] for name, one in resources.items() if one["Type"] == kind}


def linted(file: Path) -> str:
    lint = Path(sys.executable).with_name("cfn-lint")
    run = subprocess.run([lint, "--non-zero-exit-code", "warning", file], capture_output=True, text=True)
    return "" if run.returncode == 0 else run.stdout + run.stderr


def test_the_translation_is_a_template_that_cloudformation_takes(translation: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "translated.json"
    file.write_text(json.dumps(translation))
    assert linted(file) == ""


def test_a_template_of_twelve_kinds_is_one_that_cloudformation_takes(tmp_path: Path) -> None:
    assert linted(with_kinds(twelve_kinds(), tmp_path)) == ""


def test_two_stacks_fit_into_one_account(translation: dict[str, Any]) -> None:
    for name, resource in translation["Resources"].items():
        if resource["Type"] != "AWS::Lambda::EventInvokeConfig":
            assert not NAMES & resource["Properties"].keys(), name


def test_the_function_is_the_native_one_and_may_go_on_in_itself(translation: dict[str, Any]) -> None:
    function = translation["Resources"]["Function"]["Properties"]
    assert (function["Runtime"], function["Handler"], function["Timeout"]) == ("provided.al2023", "bootstrap", 900)
    assert function["RecursiveLoop"] == "Allow"
    assert function["LoggingConfig"]["LogFormat"] == "JSON"
    assert function["LoggingConfig"]["ApplicationLogLevel"] == "TRACE"
    assert "ReservedConcurrentExecutions" not in function
    [tag] = [tag for tag in function["Tags"] if tag["Key"] == "aws-resource-manager"]
    assert tag["Value"] == "keep"


def test_what_cannot_be_handled_is_kept(translation: dict[str, Any]) -> None:
    [config] = of_type(translation["Resources"], "AWS::Lambda::EventInvokeConfig").values()
    assert config["DestinationConfig"]["OnFailure"]["Destination"] == {"Fn::GetAtt": ["DeadLetterQueue", "Arn"]}
    # Lambda refuses the configuration unless the role may send already, so it must be the role's own policy.
    own = translation["Resources"]["FunctionRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    assert any(one["Action"] == "sqs:SendMessage" for one in own)


def test_the_bucket_survives_and_only_old_versions_expire(translation: dict[str, Any]) -> None:
    bucket = translation["Resources"]["StateBucket"]
    # But a first deployment that fails leaves no empty bucket behind.
    assert (bucket["DeletionPolicy"], bucket["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")
    [rule] = bucket["Properties"]["LifecycleConfiguration"]["Rules"]
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 365}
    assert not {"ExpirationInDays", "ExpirationDate", "Transitions"} & rule.keys()
    assert bucket["Properties"]["VersioningConfiguration"] == {"Status": "Enabled"}


def test_the_alarms_tell_somebody_and_are_kept_out_of_every_stop() -> None:
    alarms = of_type(Stack({"ProjectName": "demo"}).resources(), "AWS::CloudWatch::Alarm")
    assert len(alarms) == 6
    for name, alarm in alarms.items():
        assert alarm["AlarmActions"] == ["arn:aws:sns:us-east-1:123456789012:demo-reports"], name
        assert alarm["Tags"] == [{"Key": "aws-resource-manager", "Value": "keep"}], name
        assert alarm["TreatMissingData"] == ("missing" if name == "NotCheckedAlarm" else "notBreaching")


def test_the_alarms_read_the_metrics_with_the_dimensions_that_the_function_writes() -> None:
    stack = Stack({"ProjectName": "demo", "Environment": "prod"})
    alarms = of_type(stack.resources(), "AWS::CloudWatch::Alarm")
    own = {name: alarm for name, alarm in alarms.items() if alarm["Namespace"] == "aws-resource-manager"}
    assert {alarm["MetricName"] for alarm in own.values()} == {"ResourcesFailed", "StartMissed"}
    for alarm in own.values():
        assert alarm["Dimensions"] == [
            {"Name": "Project", "Value": "demo"},
            {"Name": "Environment", "Value": "prod"},
        ]


def test_days_without_a_check_are_days_without_data() -> None:
    alarm = of_type(Stack({"ProjectName": "demo"}).resources(), "AWS::CloudWatch::Alarm")["NotCheckedAlarm"]
    assert alarm["InsufficientDataActions"] == alarm["AlarmActions"]
    # A day with data is never a breach: only the way to none tells.
    assert (alarm["Statistic"], alarm["ComparisonOperator"], alarm["Threshold"]) == (
        "SampleCount",
        "LessThanThreshold",
        1,
    )
    assert (alarm["Period"], alarm["EvaluationPeriods"]) == (86_400, "4")


def test_cloudwatch_looks_back_for_seven_days_and_no_further(template: dict[str, Any]) -> None:
    days = template["Parameters"]["DaysWithoutCheck"]["AllowedValues"]
    assert max(days) * 86_400 <= 7 * 86_400
    resources = Stack({"ProjectName": "demo", "DaysWithoutCheck": "0"}).resources()
    assert "NotCheckedAlarm" not in resources and "StartMissedAlarm" in resources


def test_every_lost_event_is_an_alarm_of_its_own() -> None:
    alarm = of_type(Stack({"ProjectName": "demo"}).resources(), "AWS::CloudWatch::Alarm")["DeadLetterAlarm"]
    assert (alarm["MetricName"], alarm["Statistic"]) == ("NumberOfMessagesSent", "Sum")


def test_without_schedules_nobody_waits_for_them() -> None:
    resources = Stack({"ProjectName": "demo", "SchedulesEnabled": "false"}).resources()
    assert "NotCheckedAlarm" not in resources
    assert {one["State"] for one in of_type(resources, "AWS::Scheduler::Schedule").values()} == {"DISABLED"}


def test_the_commands_to_try_first_suit_both_versions_of_the_aws_cli(template: dict[str, Any]) -> None:
    commands = [one["Value"] for name, one in template["Outputs"].items() if name.startswith("TryFirst")]
    assert len(commands) == 3
    for command in commands:
        text = command["Fn::Sub"]
        assert "--payload fileb:///dev/stdin" in text and "--cli-binary-format" not in text


def test_mail_and_dashboard_are_there_when_they_are_wanted() -> None:
    plain = Stack({"ProjectName": "demo"}).resources()
    assert "Mail" not in plain and "Dashboard" not in plain
    wanted = Stack({"ProjectName": "demo", "NotificationEmail": "a@b.example", "DashboardEnabled": "true"}).resources()
    assert wanted["Mail"]["Properties"]["Endpoint"] == "a@b.example"
    body = json.loads(wanted["Dashboard"]["Properties"]["DashboardBody"])
    assert len(body["widgets"]) == 4


def test_every_check_that_is_skipped_says_why(template: dict[str, Any]) -> None:
    skipped = [
        skip
        for resource in template["Resources"].values()
        for skip in resource.get("Metadata", {}).get("checkov", {}).get("skip", [])
    ]
    assert skipped and all(skip["id"] and len(skip["comment"]) > 20 for skip in skipped)
