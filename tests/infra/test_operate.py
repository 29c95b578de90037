"""What the operator's commands ask of AWS, and what they say."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .template import ROOT

PREFIX = "demo/dev"
KEPT = f"s3api get-object {PREFIX}/operations/2026/11/23/op-1.json"
STATE = f"s3api get-object {PREFIX}/state.json"
STACK = {
    "Stacks": [
        {
            "Outputs": [
                {"OutputKey": "FunctionName", "OutputValue": "demo-function"},
                {"OutputKey": "StateBucketName", "OutputValue": "demo-state"},
                {"OutputKey": "StatePrefix", "OutputValue": PREFIX},
                {"OutputKey": "LogGroupName", "OutputValue": "demo-logs"},
            ]
        }
    ]
}


def line(result: str, name: str = "demo-events", **more: Any) -> dict[str, Any]:
    plain = {"kind": "kinesis", "name": name, "result": result, "before": "2 shards", "after": "1 shard"}
    plain |= {"detail": "", "warnings": [], "cost_per_day": {"before": 0.72, "after": 0.36}}
    return plain | more


def report(action: str, outcome: str, *lines: dict[str, Any], dry_run: bool = False, **more: Any) -> dict[str, Any]:
    cost = {"per_day_before": 0.72, "per_day_after": 0.36, "saved_per_day": 0.36, "complete": True}
    cost |= {"per_month_before": 21.9, "per_month_after": 10.95, "price_source": "built-in table"}
    plain = {"action": action, "outcome": outcome, "dry_run": dry_run, "resources": list(lines), "cost": cost}
    plain |= {"operation_id": "op-1", "started_at": "2026-11-23T18:00:00Z", "project": "demo", "environment": "dev"}
    plain |= {"region": "us-east-1", "reason": None, "errors": [], "recommendations": []}
    plain |= {"saved": {"this_stop": 0, "month_to_date": 0, "total": 0}}
    return plain | more


class Operator:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        programs = folder / "bin"
        programs.mkdir()
        for name in ("aws", "sam"):
            program = programs / name
            program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{Path(__file__).with_name("fake_aws.py")}" "$@"\n')
            program.chmod(0o755)
        self.answers: dict[str, list[Any]] = {"cloudformation describe-stacks": [{"out": STACK}]}

    def invocations(self, *answers: dict[str, Any]) -> None:
        self.answers["lambda invoke"] = [{"out": {"StatusCode": 200}, "body": answer} for answer in answers]

    def run(self, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        (self.folder / "answers.json").write_text(json.dumps(self.answers))
        return subprocess.run(
            [sys.executable, ROOT / "infra" / "operate", *arguments, "--stack", "demo", "--region", "eu-west-1"],
            input=typed,
            capture_output=True,
            text=True,
            timeout=60,
            env={
                "PATH": f"{self.folder / 'bin'}:/usr/bin:/bin",
                "FAKE_AWS": str(self.folder),
                "OPERATE_POLL_SECONDS": "0.01",
                "PYTHONDONTWRITEBYTECODE": "1",
                "LANG": os.environ.get("LANG", "C.UTF-8"),
            },
        )

    def calls(self, name: str) -> list[dict[str, Any]]:
        calls = [json.loads(one) for one in (self.folder / "calls.jsonl").read_text().splitlines()]
        return [call for call in calls if call["call"] == name]

    def events(self) -> list[dict[str, Any]]:
        return [call["event"] for call in self.calls("lambda invoke")]


@pytest.fixture
def operator(tmp_path: Path) -> Operator:
    return Operator(tmp_path)


def test_status_asks_and_prints(operator: Operator) -> None:
    operator.invocations(report("status", "succeeded", line("running", detail="on its way", warnings=["short"])))
    run = operator.run("status", "--only", "kinesis, lambda:a b*")
    assert run.returncode == 0, run.stderr
    assert operator.events() == [{"action": "status", "only": ["kinesis", "lambda:a b*"]}]
    assert "Status of demo (dev, us-east-1).\n1 running." in run.stdout
    assert "- demo-events: running | 2 shards -> 1 shard | $0.72 -> $0.36 a day" in run.stdout
    assert "(on its way)" in run.stdout and "(short)" in run.stdout


def test_what_fared_alike_is_one_row_and_half_a_cent_is_not_told(operator: Operator) -> None:
    alarms = [
        line(
            "stopped", name, kind="cloudwatch", before="on", after="off", cost_per_day={"before": price, "after": price}
        )
        for name, price in (("a", 0.0033), ("b", 0.0033))
    ]
    unknown = line("stopped", "c", after="gone", cost_per_day={"before": None, "after": 0})
    operator.invocations(report("status", "succeeded", *alarms, unknown))
    run = operator.run("status")
    assert "CloudWatch alarms (2)\n- 2 stopped | on -> off | $0.01 a day\n    a\n    b\n" in run.stdout
    assert "- c: stopped | 2 shards -> gone | unknown -> $0.00 a day\n" in run.stdout
    operator.invocations(report("status", "succeeded", alarms[0]))
    assert "- a: stopped | on -> off\n" in operator.run("status").stdout


def test_an_invocation_is_sent_once_and_waited_for_to_the_end(operator: Operator) -> None:
    operator.invocations(report("status", "succeeded"))
    operator.run("status")
    [call] = operator.calls("lambda invoke")
    assert (call["attempts"], call["timeout"], call["region"]) == ("1", "0", "eu-west-1")


def test_a_stop_is_shown_first_and_asked_for(operator: Operator) -> None:
    operator.invocations(report("stop", "succeeded", line("would_stop"), dry_run=True))
    run = operator.run("stop", typed="n\n")
    assert run.returncode == 1
    assert operator.events() == [{"action": "stop", "dry_run": True}]
    assert "Stop this? [y/N]" in run.stdout and "Nothing was done." in run.stdout


def test_nobody_there_to_answer_is_a_no(operator: Operator) -> None:
    operator.invocations(report("start", "succeeded", line("would_start"), dry_run=True))
    assert operator.run("start").returncode == 1
    assert len(operator.events()) == 1


def test_a_stop_that_is_agreed_to_is_made_with_what_was_shown(operator: Operator) -> None:
    operator.invocations(
        report("stop", "succeeded", line("would_stop"), dry_run=True),
        report("stop", "succeeded", line("stopped"), reason="over"),
    )
    run = operator.run("stop", "--only", "kinesis", "--reason", "over", typed="yes\n")
    assert run.returncode == 0, run.stderr
    common = {"action": "stop", "only": ["kinesis"], "reason": "over"}
    assert operator.events() == [common | {"dry_run": True}, common | {"dry_run": False, "wait": False}]
    assert "Stop of demo (dev, us-east-1) succeeded.\n1 stopped.\nReason: over" in run.stdout


def test_force_does_not_ask(operator: Operator) -> None:
    operator.invocations(
        report("start", "succeeded", line("would_start"), dry_run=True),
        report("start", "succeeded", line("started")),
    )
    run = operator.run("start", "--force")
    assert run.returncode == 0 and "[y/N]" not in run.stdout
    assert len(operator.events()) == 2


def test_a_dry_run_changes_nothing(operator: Operator) -> None:
    operator.invocations(report("stop", "succeeded", line("would_stop"), dry_run=True))
    run = operator.run("stop", "--dry-run", "--force")
    assert run.returncode == 0
    assert operator.events() == [{"action": "stop", "dry_run": True}]
    assert "Dry run of a stop of demo (dev, us-east-1) succeeded." in run.stdout
    assert "Nothing was changed." in run.stdout


def test_nothing_to_do_is_not_asked_for(operator: Operator) -> None:
    operator.invocations(report("stop", "succeeded", line("already_stopped"), dry_run=True))
    run = operator.run("stop", typed="y\n")
    assert run.returncode == 0 and "There is nothing to do." in run.stdout
    assert len(operator.events()) == 1


def test_an_operation_in_progress_is_followed_until_its_report_is_there(operator: Operator) -> None:
    operator.invocations(
        report("start", "succeeded", line("would_start"), dry_run=True),
        report("start", "in_progress", line("pending")),
    )
    records = [{"a": {"phase": "starting"}, "b": {"phase": "running"}}, {"a": {"phase": "running"}}]
    operator.answers[STATE] = [{"body": {"resources": resources}} for resources in records]
    operator.answers[KEPT] = [
        {"error": "An error occurred (NoSuchKey) when calling GetObject"},
        {"error": "An error occurred (NoSuchKey) when calling GetObject"},
        {"body": report("start", "partial", line("failed", detail="no capacity")) | {"originals": {}}},
    ]
    run = operator.run("start", "--force")
    assert run.returncode == 1
    assert "In progress: 1 pending." in run.stdout
    assert "1 running, 1 starting" in run.stdout and "s  1 running\n" in run.stdout
    assert "Start of demo (dev, us-east-1) succeeded only in part." in run.stdout
    assert "Needs attention\n- kinesis:demo-events FAILED: no capacity" in run.stdout


def test_an_operation_whose_place_another_took_is_not_waited_for_for_ever(operator: Operator) -> None:
    operator.invocations(
        report("stop", "succeeded", line("would_stop"), dry_run=True), report("stop", "in_progress", line("pending"))
    )
    operator.answers[STATE] = [{"body": {"resources": {}, "ended": [{"operation_id": "op-1"}]}}]
    run = operator.run("stop", "--force")
    assert run.returncode == 1 and "no report came" in run.stderr


def test_a_refusal_of_the_function_is_said(operator: Operator) -> None:
    operator.answers["lambda invoke"] = [
        {"out": {"FunctionError": "Unhandled"}, "body": {"errorType": "BadEvent", "errorMessage": "unknown kind x"}}
    ]
    run = operator.run("status", "--only", "x")
    assert run.returncode == 1 and "the function answered: unknown kind x" in run.stderr


def test_a_stack_that_is_not_there_is_said(operator: Operator) -> None:
    operator.answers["cloudformation describe-stacks"] = [{"error": "Stack with id demo does not exist"}]
    run = operator.run("status")
    assert run.returncode == 1 and "Stack with id demo does not exist" in run.stderr


def test_the_newest_report_is_printed(operator: Operator) -> None:
    keys = [
        ("2026/11/22/z.json", "2026-11-22"),
        ("2026/11/23/op-1.json", "2026-11-23T18"),
        ("2026/11/23/op-1.html", "2027"),
    ]
    listed = [{"Key": f"{PREFIX}/operations/{key}", "LastModified": time} for key, time in keys]
    operator.answers["s3api list-objects-v2"] = [{"out": {"Contents": listed}}]
    operator.answers[KEPT] = [{"body": report("stop", "succeeded", line("stopped"))}]
    run = operator.run("report")
    assert run.returncode == 0 and "1 stopped." in run.stdout


def test_no_report_yet_is_said(operator: Operator) -> None:
    operator.answers["s3api list-objects-v2"] = [{"out": {}}]
    run = operator.run("report")
    assert run.returncode == 1 and "no report yet" in run.stdout


def test_nothing_is_deleted_while_something_is_stopped(operator: Operator) -> None:
    operator.invocations(report("start", "succeeded", line("would_start"), dry_run=True))
    operator.answers[KEPT] = [{"body": {"originals": {"kinesis:demo-events": {}}}}]
    run = operator.run("undeploy", "--force")
    assert run.returncode == 1 and "still stopped: kinesis:demo-events" in run.stderr
    assert operator.calls("delete --no-prompts") == []


def test_nothing_is_deleted_where_nobody_knows_what_is_stopped(operator: Operator) -> None:
    operator.invocations(report("start", "failed", dry_run=True))
    run = operator.run("undeploy", "--force")
    assert run.returncode == 1 and "the state cannot be seen" in run.stderr
    assert operator.calls("delete --no-prompts") == []


def test_what_a_person_stopped_does_not_keep_the_stack(operator: Operator) -> None:
    operator.invocations(report("start", "skipped", line("skipped"), dry_run=True))
    operator.answers[KEPT] = [{"body": {"originals": {}}}]
    operator.answers["delete --no-prompts"] = [{"out": {}}]
    assert operator.run("undeploy", typed="n\n").returncode == 1
    assert operator.calls("delete --no-prompts") == []
    run = operator.run("undeploy", typed="y\n")
    assert run.returncode == 0, run.stderr
    assert len(operator.calls("delete --no-prompts")) == 1
    assert "still in s3://demo-state" in run.stdout


def test_the_stack_is_the_one_that_the_first_deployment_wrote_down(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "infra"))
    from operate import aws

    config = tmp_path / "samconfig.toml"
    config.write_text(
        'version = 0.1\n[default.deploy.parameters]\nstack_name = "one"\nregion = "eu-west-1"\n'
        'parameter_overrides = "ProjectName=\\"x\\""\n[prod.deploy.parameters]\nstack_name = "two"\n'
    )
    monkeypatch.setattr(aws, "SAMCONFIG", config)
    assert aws.configured("default") == {"stack_name": "one", "region": "eu-west-1"}
    assert aws.configured("prod") == {"stack_name": "two"}
    assert aws.configured("other") == {}
