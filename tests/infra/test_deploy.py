"""`make deploy` and `make undeploy`: what they look at first, and what they leave alone."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from .operating import MISSING, STACK, STATE, Operator, state

MACHINES = {"x86_64": 62, "arm64": 183}
NO_STACK = {"error": "An error occurred (ValidationError): Stack with id demo does not exist"}
ALARM = {
    "StateValue": "INSUFFICIENT_DATA",
    "Namespace": "aws-resource-manager",
    "MetricName": "StartMissed",
    "Dimensions": [{"Name": "Project", "Value": "demo"}, {"Name": "Environment", "Value": "dev"}],
}


@pytest.fixture
def operator(tmp_path: Path) -> Operator:
    operator = Operator(tmp_path)
    operator.answers["sam deploy"] = [{}]
    operator.answers["sam delete"] = [{}]
    operator.answers["cloudformation describe-stack-resources"] = [resources()]
    operator.answers["cloudwatch put-metric-data"] = [{}]
    operator.answers["cloudwatch describe-alarms"] = [{"out": {"MetricAlarms": [ALARM]}}]
    operator.answers["scheduler update-schedule"] = [{}]
    for name in ("check", "evening"):
        operator.answers[f"scheduler get-schedule {name}"] = [{"out": schedule(name)}]
    operator.answers["scheduler get-schedule morning"] = [{"out": schedule("morning") | {"State": "DISABLED"}}]
    return operator


def resources(**more: str) -> dict[str, Any]:
    kinds = {name: "AWS::Scheduler::Schedule" for name in ("evening", "morning", "check")}
    kinds |= {"NotCheckedAlarm": "AWS::CloudWatch::Alarm"} | more
    listed = [
        {"LogicalResourceId": name, "PhysicalResourceId": name, "ResourceType": kind} for name, kind in kinds.items()
    ]
    return {"out": {"StackResources": listed}}


def schedule(name: str) -> dict[str, Any]:
    told = {"Arn": f"arn:aws:scheduler:eu-west-1:1:schedule/default/{name}", "CreationDate": 1.5}
    whole = {"Name": name, "GroupName": "default", "State": "ENABLED", "Target": {"Arn": "x", "RoleArn": "y"}}
    return told | {"LastModificationDate": 1.5} | whole


def builds(operator: Operator, machine: int) -> None:
    """What `make lambda` leaves behind: the head of an executable."""
    file = operator.root / "target" / "lambda" / "aws-resource-manager" / "bootstrap"
    head = "\x7fELF\x02\x01\x01" + "\0" * 9 + "\x03\0" + chr(machine) + "\0"
    operator.answers["make lambda"] = [{"files": {str(file): head}}]


def saved(operator: Operator, **parameters: str) -> str:
    """What `sam deploy --guided` writes down."""
    overrides = " ".join(f'{name}=\\"{value}\\"' for name, value in ({"ProjectName": "demo"} | parameters).items())
    text = 'version = 0.1\n[default.deploy.parameters]\nstack_name = "demo"\nregion = "eu-west-1"\n'
    text += f'parameter_overrides = "{overrides}"\n'
    operator.samconfig.write_text(text)
    return text


def deploy(operator: Operator, *arguments: str) -> subprocess.CompletedProcess[str]:
    return operator.run("deploy", *arguments, stack=None)


def built(operator: Operator) -> list[str]:
    return [call["arguments"][1] for call in operator.calls("make lambda")]


@pytest.mark.parametrize("arch", MACHINES)
def test_what_is_built_is_what_samconfig_says(operator: Operator, arch: str) -> None:
    saved(operator, Architecture=arch, LambdaFunctions="")
    builds(operator, MACHINES[arch])
    run = deploy(operator)
    assert run.returncode == 0, run.stderr
    assert built(operator) == [f"ARCH={arch}"]
    [call] = operator.calls("sam deploy")
    assert "--no-confirm-changeset" in call["arguments"] and "--guided" not in call["arguments"]
    # They would replace all those that are saved.
    assert "--parameter-overrides" not in call["arguments"]


def test_a_build_for_another_architecture_is_not_deployed(operator: Operator) -> None:
    saved(operator, Architecture="arm64")
    builds(operator, MACHINES["x86_64"])
    run = deploy(operator)
    assert run.returncode == 1
    assert "was built for x86_64, and is to be deployed as arm64. Nothing was deployed" in run.stderr
    assert operator.calls("sam deploy") == []


@pytest.mark.parametrize(
    ("arch", "words"),
    [
        ("arm64", 'ARCH is arm64, and infra/samconfig.toml says Architecture="x86_64"'),
        ("riscv", "ARCH is riscv; it must be x86_64 or arm64"),
    ],
)
def test_an_arch_that_does_not_fit_is_refused_before_anything_is_built(
    operator: Operator, arch: str, words: str
) -> None:
    saved(operator, Architecture="x86_64")
    run = deploy(operator, "--arch", arch)
    assert run.returncode == 1 and words in run.stderr
    assert built(operator) == [] and operator.calls("sam deploy") == []


def test_an_arch_that_agrees_is_taken_by_any_of_its_names(operator: Operator) -> None:
    saved(operator, Architecture="arm64")
    builds(operator, MACHINES["arm64"])
    assert deploy(operator, "--arch", "aarch64").returncode == 0
    assert built(operator) == ["ARCH=arm64"]


def test_the_first_deployment_suggests_what_was_built(operator: Operator) -> None:
    builds(operator, MACHINES["arm64"])
    answers = saved(operator, Architecture="arm64")
    operator.samconfig.unlink()
    operator.answers["sam deploy"] = [{"files": {str(operator.samconfig): answers}}]
    run = deploy(operator, "--arch", "arm64")
    assert run.returncode == 0, run.stderr
    [call] = operator.calls("sam deploy")
    assert call["arguments"][-3:] == ["--guided", "--parameter-overrides", "Architecture=arm64"]


def test_another_answer_to_the_question_for_the_architecture_is_built_and_deployed(operator: Operator) -> None:
    answers = saved(operator, Architecture="arm64")
    operator.samconfig.unlink()
    operator.answers["sam deploy"] = [{"files": {str(operator.samconfig): answers}}]
    builds(operator, MACHINES["x86_64"])
    first = operator.answers["make lambda"]
    builds(operator, MACHINES["arm64"])
    operator.answers["make lambda"] = first + operator.answers["make lambda"]
    run = deploy(operator)
    assert run.returncode == 0, run.stderr
    assert built(operator) == ["ARCH=x86_64", "ARCH=arm64"]
    first_time, second = operator.calls("sam deploy")
    assert "--guided" in first_time["arguments"] and "--guided" not in second["arguments"]


def test_nothing_is_deployed_while_anything_is_stopped_but_by_force(operator: Operator) -> None:
    saved(operator)
    builds(operator, MACHINES["x86_64"])
    operator.answers[STATE] = [state("kinesis:demo-events")]
    run = deploy(operator)
    assert run.returncode == 1 and "still stopped: kinesis:demo-events" in run.stderr
    assert built(operator) == [] and operator.calls("sam deploy") == []
    assert deploy(operator, "--force").returncode == 0
    assert len(operator.calls("sam deploy")) == 1


def test_an_evening_that_begins_during_the_build_is_seen(operator: Operator) -> None:
    saved(operator)
    builds(operator, MACHINES["x86_64"])
    operator.answers[STATE] = [MISSING, state("kinesis:demo-events")]
    run = deploy(operator)
    assert run.returncode == 1 and "Nothing was deployed" in run.stderr
    assert len(built(operator)) == 1 and operator.calls("sam deploy") == []


def test_a_stack_that_cannot_be_seen_is_not_taken_for_none(operator: Operator) -> None:
    saved(operator)
    operator.answers["cloudformation describe-stacks"] = [{"error": "An error occurred (AccessDenied)"}]
    assert deploy(operator).returncode == 1
    assert operator.calls("sam deploy") == []
    # One that is not there yet is no hindrance.
    builds(operator, MACHINES["x86_64"])
    operator.answers["cloudformation describe-stacks"] = [NO_STACK, NO_STACK, {"out": STACK}]
    assert deploy(operator).returncode == 0


def test_the_alarm_for_days_without_a_check_gets_its_first_sample(operator: Operator) -> None:
    saved(operator)
    builds(operator, MACHINES["x86_64"])
    assert deploy(operator).returncode == 0
    [call] = operator.calls("cloudwatch put-metric-data")
    given = dict(zip(call["arguments"][2::2], call["arguments"][3::2], strict=False))
    assert given["--dimensions"] == "Project=demo,Environment=dev"
    assert (given["--metric-name"], given["--value"]) == ("StartMissed", "0")


def test_an_alarm_that_has_data_is_not_given_any(operator: Operator) -> None:
    """Each deployment would put off what it has to tell."""
    saved(operator)
    builds(operator, MACHINES["x86_64"])
    operator.answers["cloudwatch describe-alarms"] = [{"out": {"MetricAlarms": [ALARM | {"StateValue": "OK"}]}}]
    assert deploy(operator).returncode == 0
    assert operator.calls("cloudwatch put-metric-data") == []


def test_a_deployment_is_well_without_the_permission_for_the_sample(operator: Operator) -> None:
    saved(operator)
    builds(operator, MACHINES["x86_64"])
    operator.answers["cloudwatch put-metric-data"] = [{"error": "AccessDenied: cloudwatch:PutMetricData"}]
    run = deploy(operator)
    assert run.returncode == 0 and "tells nothing before the first check" in run.stdout


def states(operator: Operator) -> list[tuple[str, str]]:
    """The schedules' new states, in their order."""
    calls = operator.calls("scheduler update-schedule")
    assert all(not {"Arn", "CreationDate", "LastModificationDate"} & call["input"].keys() for call in calls)
    assert all(call["input"]["Target"] == {"Arn": "x", "RoleArn": "y"} for call in calls)
    return [(call["input"]["Name"], call["input"]["State"]) for call in calls]


OFF = [("check", "DISABLED"), ("evening", "DISABLED")]
ON = [("check", "ENABLED"), ("evening", "ENABLED")]


def test_nothing_is_deleted_while_something_is_stopped(operator: Operator) -> None:
    operator.answers[STATE] = [state("kinesis:demo-events")]
    run = operator.run("undeploy", "--force")
    assert run.returncode == 1 and "still stopped: kinesis:demo-events" in run.stderr
    assert operator.calls("sam delete") == [] and states(operator) == []


def test_nothing_is_deleted_while_an_operation_is_at_work(operator: Operator) -> None:
    operator.answers[STATE] = [state(at_work="stop")]
    run = operator.run("undeploy", "--force")
    assert run.returncode == 1 and "at work: stop op-1" in run.stderr
    assert operator.calls("sam delete") == []


def test_nothing_is_deleted_where_nobody_knows_what_is_stopped(operator: Operator) -> None:
    operator.answers[STATE] = [{"error": "An error occurred (AccessDenied) when calling the GetObject operation"}]
    run = operator.run("undeploy", "--force")
    assert run.returncode == 1 and "AccessDenied" in run.stderr
    assert operator.calls("sam delete") == []


def test_a_stop_that_comes_while_the_question_stands_there_is_seen(operator: Operator) -> None:
    operator.answers[STATE] = [MISSING, MISSING, state("kinesis:demo-events")]
    run = operator.run("undeploy", typed="y\n")
    assert run.returncode == 1 and "still stopped: kinesis:demo-events" in run.stderr
    assert operator.calls("sam delete") == []
    # The one that a person had disabled stays so.
    assert states(operator) == OFF + ON


def test_a_no_leaves_the_schedules_as_they_were(operator: Operator) -> None:
    run = operator.run("undeploy", typed="n\n")
    assert run.returncode == 1 and operator.calls("sam delete") == []
    assert states(operator) == OFF + ON


def test_a_yes_deletes_the_stack_with_its_schedules_disabled(operator: Operator) -> None:
    run = operator.run("undeploy", typed="y\n")
    assert run.returncode == 0, run.stderr
    assert len(operator.calls("sam delete")) == 1 and states(operator) == OFF
    assert "still in s3://demo-state" in run.stdout


def test_a_deletion_that_fails_leaves_the_schedules_as_they_were(operator: Operator) -> None:
    operator.answers["sam delete"] = [{"error": "the stack is in use"}]
    assert operator.run("undeploy", "--force").returncode == 254
    assert states(operator) == OFF + ON


def test_what_the_first_deployment_wrote_down_is_read(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parents[2] / "infra"))
    from operate import saved as module

    config = tmp_path / "samconfig.toml"
    monkeypatch.setattr(module, "SAMCONFIG", config)
    assert module.Saved.read("default") == module.Saved()
    config.write_text(
        'version = 0.1\n[default.deploy.parameters]\nstack_name = "one"\nregion = "eu-west-1"\n'
        'parameter_overrides = "ProjectName=\\"x\\" CloudWatchAlarms=\\"too many errors,x=1\\" Exclude=\\"\\""\n'
        '[prod.global.parameters]\nregion = "eu-west-2"\n[prod.deploy.parameters]\nstack_name = "two"\n'
        'parameter_overrides = [\n  "ProjectName=y",\n  "ParameterKey=LogLevel,ParameterValue=debug",\n]\n'
    )
    one, two = module.Saved.read("default"), module.Saved.read("prod")
    assert (one.is_there, one.stack, one.region) == (True, "one", "eu-west-1")
    assert one.parameters == {"ProjectName": "x", "CloudWatchAlarms": "too many errors,x=1", "Exclude": ""}
    assert (two.stack, two.region) == ("two", "eu-west-2")
    assert two.parameters == {"ProjectName": "y", "LogLevel": "debug"}
    assert module.Saved.read("other") == module.Saved()
