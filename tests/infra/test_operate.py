"""What the operator's commands ask of AWS, and what they say."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .conftest import titles_in_code
from .operating import KEPT, MISSING, PREFIX, STATE, Operator, line, report, state
from .template import ROOT


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
    assert "CloudWatch alarms (2)\n- 2 stopped | on -> off | $0.01 a day together\n    a\n    b\n" in run.stdout
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
        MISSING,
        # A network is away for a moment.
        {"error": "Could not connect to the endpoint URL"},
        MISSING,
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


def test_following_ends_where_nothing_can_be_read_any_more(operator: Operator) -> None:
    operator.invocations(
        report("stop", "succeeded", line("would_stop"), dry_run=True), report("stop", "in_progress", line("pending"))
    )
    operator.answers[KEPT] = [{"error": "Could not connect to the endpoint URL"}]
    run = operator.run("stop", "--force")
    assert run.returncode == 1 and "Could not connect" in run.stderr
    assert len(operator.calls("s3api get-object")) == 5


def test_a_start_is_sent_while_a_stop_is_at_work_though_nothing_is_stopped_yet(operator: Operator) -> None:
    """The stop has claimed what it will delete in some minutes. Only the newest event turns that round."""
    operator.invocations(
        report("start", "succeeded", line("already_running"), dry_run=True),
        report("start", "succeeded", line("started")),
    )
    operator.answers[STATE] = [state("kinesis:demo-events", at_work="stop", lease_until="2999-01-01T00:00:00Z")]
    run = operator.run("start", typed="y\n")
    assert run.returncode == 0, run.stderr
    assert len(operator.events()) == 2
    assert "An operation is at work, or has not come to its end: stop op-1." in run.stdout


@pytest.mark.parametrize(
    ("command", "seen", "sent"),
    [
        # An operation that nobody has brought to its end, and no lease: its invocation has died, or hands on.
        ("stop", state(at_work="start"), True),
        # A lease of somebody who died while he waited.
        ("stop", state(lease_until="2020-01-01T00:00:00.123456789Z"), False),
        ("stop", state("kinesis:demo-events"), False),
        ("start", state("kinesis:demo-events"), True),
        ("start", state("lambda:demo-events"), False),
        ("start", state("kinesis:other"), False),
        ("start", MISSING, False),
    ],
)
def test_whether_there_is_nothing_to_do_is_the_states_to_say(
    operator: Operator, command: str, seen: dict[str, Any], sent: bool
) -> None:
    operator.invocations(
        report(command, "succeeded", line("already_running"), dry_run=True), report(command, "succeeded")
    )
    operator.answers[STATE] = [seen]
    run = operator.run(command, "--force", "--only", "kinesis:demo-*")
    assert run.returncode == 0, run.stderr
    assert len(operator.events()) == 1 + sent
    assert ("There is nothing to do." in run.stdout) != sent


def test_what_is_in_transition_is_waited_for_by_the_real_operation(operator: Operator) -> None:
    pending = line("pending", detail="it is UPDATING: only an ACTIVE stream can be scaled")
    operator.invocations(
        report("stop", "succeeded", pending, dry_run=True), report("stop", "succeeded", line("stopped"))
    )
    run = operator.run("stop", "--force")
    assert run.returncode == 0 and len(operator.events()) == 2


def test_what_was_not_even_begun_is_not_well(operator: Operator) -> None:
    why = "operation op-0 is at work, until 18:15 at the latest: send the event again then"
    operator.invocations(
        report("stop", "succeeded", line("would_stop"), dry_run=True), report("stop", "skipped", errors=[why])
    )
    run = operator.run("stop", "--force")
    assert run.returncode == 1 and f"Why\n- {why}" in run.stdout


def test_a_start_with_nothing_saved_is_well(operator: Operator) -> None:
    operator.invocations(report("start", "skipped", dry_run=True, errors=["there is no saved state"]))
    run = operator.run("start", "--force")
    assert run.returncode == 0 and len(operator.events()) == 1


def test_what_the_function_would_refuse_is_not_sent(operator: Operator) -> None:
    """An error of the function is an alarm, and a message to everybody."""
    for arguments, words in (
        (["--only", "lamda"], f"lamda is no kind. The kinds are {', '.join(sorted(titles_in_code()))}"),
        (["--only", "kinesis,lamda:x"], "ONLY has lamda:x"),
        (["--reason", "x" * 201], "REASON has 201 characters"),
    ):
        run = operator.run("stop", *arguments)
        assert run.returncode == 1 and words in run.stderr
    assert operator.events() == []


def test_the_kinds_and_the_longest_reason_are_those_of_the_code(monkeypatch: Any) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "infra"))
    from operate import commands

    assert titles_in_code() == commands.TITLES
    [longest] = re.findall(r"MAX_REASON: usize = (\d+);", (ROOT / "src" / "event" / "request.rs").read_text())
    assert int(longest) == commands.LONGEST_REASON


def test_zero_is_no_flag(operator: Operator) -> None:
    operator.invocations(report("stop", "succeeded", line("would_stop"), dry_run=True))
    run = operator.run("stop", "--force=0", "--dry-run=0")
    assert run.returncode == 1 and "Stop this? [y/N]" in run.stdout
    run = operator.run("stop", "--force=", "--dry-run=1")
    assert run.returncode == 0 and "[y/N]" not in run.stdout


def through_make(operator: Operator, *arguments: str) -> subprocess.CompletedProcess[str]:
    """As a person calls it, but for the tools: they are there, whatever the files' dates say."""
    operator.script()
    environment = operator.environment()
    # The fake make is for the commands, not for this.
    (operator.folder / "bin" / "make").unlink(missing_ok=True)
    return subprocess.run(
        ["make", "-o", ".venv/.installed", *arguments, f"PYTHON={sys.executable}", "STACK=demo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        env=environment,
    )


def test_what_is_given_to_make_reaches_the_function_as_it_was_written(operator: Operator) -> None:
    operator.invocations(
        report("stop", "succeeded", line("would_stop"), dry_run=True), report("stop", "succeeded", line("stopped"))
    )
    reason = 'it costs $5, "a $(shell echo lot)" & more\'s to come'
    run = through_make(operator, "stop", f"REASON={reason}", "ONLY=kinesis:demo-*, lambda", "FORCE=1")
    assert run.returncode == 0, run.stderr
    event = {"action": "stop", "only": ["kinesis:demo-*", "lambda"], "reason": reason}
    assert operator.events() == [event | {"dry_run": True}, event | {"dry_run": False, "wait": False}]


def test_make_with_force_0_asks_and_with_dry_run_1_does_not(operator: Operator) -> None:
    operator.invocations(report("stop", "succeeded", line("would_stop"), dry_run=True))
    run = through_make(operator, "stop", "FORCE=0")
    assert run.returncode != 0 and "[y/N]" in run.stdout
    run = through_make(operator, "stop", "DRY_RUN=1")
    assert run.returncode == 0 and "[y/N]" not in run.stdout
    assert all(event["dry_run"] for event in operator.events())


def test_a_refusal_of_the_function_is_said(operator: Operator) -> None:
    operator.answers["lambda invoke"] = [
        {"out": {"FunctionError": "Unhandled"}, "body": {"errorType": "StateError", "errorMessage": "no such bucket"}}
    ]
    run = operator.run("status")
    assert run.returncode == 1 and "the function answered: no such bucket" in run.stderr


def test_a_stack_that_is_not_there_is_said(operator: Operator) -> None:
    operator.answers["cloudformation describe-stacks"] = [{"error": "Stack with id demo does not exist"}]
    run = operator.run("status")
    assert run.returncode == 1 and "Stack with id demo does not exist" in run.stderr


def test_the_newest_operations_report_is_printed_and_no_dry_runs(operator: Operator) -> None:
    """The one that began last, whichever was written last. A stop that took long is written after a dry run."""
    days = ["2026/11/22/z.json", "2026/11/23/a.json", "2026/11/23/b.json", "2026/11/23/c.json", "2026/11/23/c.html"]
    days += ["2026/11/24/d.json"]
    listed = [{"Key": f"{PREFIX}/operations/{key}", "LastModified": "2026-11-25"} for key in days]
    operator.answers["s3api list-objects-v2"] = [{"out": {"Contents": listed}}]
    kept = {
        "2026/11/23/a": report("stop", "succeeded", line("stopped"), started_at="2026-11-23T18:00:00Z"),
        "2026/11/23/b": report("start", "partial", line("failed"), started_at="2026-11-23T19:00:00Z"),
        "2026/11/23/c": report("stop", "succeeded", dry_run=True, started_at="2026-11-23T20:00:00Z"),
        "2026/11/24/d": report("start", "succeeded", dry_run=True, started_at="2026-11-24T08:00:00Z"),
    }
    for key, body in kept.items():
        operator.answers[f"s3api get-object {PREFIX}/operations/{key}.json"] = [{"body": body}]
    run = operator.run("report")
    assert run.returncode == 1 and "Start of demo (dev, us-east-1) succeeded only in part." in run.stdout
    assert "Began 2026-11-23 19:00:00 UTC" in run.stdout


def test_no_report_yet_is_said(operator: Operator) -> None:
    operator.answers["s3api list-objects-v2"] = [{"out": {}}]
    run = operator.run("report")
    assert run.returncode == 1 and "no report yet" in run.stdout


def test_logs_are_followed_with_what_both_versions_of_the_aws_cli_have(operator: Operator) -> None:
    def event(number: int, message: str) -> dict[str, Any]:
        return {"eventId": str(number), "timestamp": 4_102_444_800_000 + number, "message": message}

    first, again = [event(1, "began\n"), event(2, '{"level":"INFO"}')], [event(2, "twice"), event(3, "ended")]
    operator.answers["logs filter-log-events"] = [
        {"out": {"events": first}},
        {"out": {"events": again}},
        {"error": "ExpiredToken"},
    ]
    run = operator.run("logs")
    assert run.returncode == 1 and "ExpiredToken" in run.stderr
    lines = ["2100-01-01T00:00:00Z began", '2100-01-01T00:00:00Z {"level":"INFO"}', "2100-01-01T00:00:00Z ended"]
    assert run.stdout.splitlines() == lines
    _, later, _ = operator.calls("logs filter-log-events")
    # Somewhat earlier than the newest: lines come late.
    start = int(later["arguments"][later["arguments"].index("--start-time") + 1])
    assert start <= 4_102_444_800_002


def snapshot(name: str) -> str:
    """What a test of the function's reports expects."""
    tests = (ROOT / "src" / "report" / "tests.rs").read_text()
    return tests.partition(f"fn {name}()")[2].partition('@r#"')[2].partition('"#);')[0]


def test_the_text_is_that_of_the_functions_mails(monkeypatch: Any) -> None:
    """Of the same report: whatever is said here is said there in these words, and every figure there is here."""
    monkeypatch.syspath_prepend(str(ROOT / "infra"))
    from operate.text import text

    document = json.loads(snapshot("the_json_is_that_of_the_contract"))
    mail = snapshot("the_text_says_first_whether_it_worked_and_what_needs_attention")
    mail_lines = [line.removeprefix("    ") for line in mail.strip("\n ").splitlines()]
    here = text(document, "s3://shop-state/shop/dev/operations/x.json").splitlines()
    assert [line for line in here if line not in mail_lines] == ["make stop"]
    told = [line for line in mail_lines if line.startswith(("- ", "    ", "Full report: ")) and line.strip()]
    assert len(told) > 12 and [line for line in told if line not in here] == []
