"""What is done with the deployment, and what must come of it."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

from .cloud import ACCOUNT, ROOT, Cloud, Failed

STACK = "resource-manager"
PARAMETERS = {"ProjectName": "demo", "Exclude": "demo-keep", "NotificationEmail": "operator@example.com"}
# Of the project, excluded by name, and somebody else's.
STREAMS = ["demo-events", "demo-keep", "other-events"]
STOPPED = {
    "endpoint demo-risk": "not there",
    "stream demo-events": "1 shards",
    "function demo-worker": "reserved 0",
    "alarm demo-errors": "actions off",
}


class Story:
    def __init__(self, cloud: Cloud, bootstrap: Path) -> None:
        self.cloud, self.bootstrap = cloud, bootstrap

    def run(self) -> None:
        self.project()
        self.deploy()
        outputs = self.outputs()
        before = self.look()
        step("What the policies do not allow is refused: status without the policy for streams")
        self.without_a_policy()
        step("status")
        self.expect(self.operate("status"), "Status of demo (dev, us-east-1).", "demo-events: running")
        step("The commands to try first, as the stack's outputs have them")
        self.tries(outputs, before)
        step("stop")
        self.expect(self.operate("stop", "--force", "--reason", "a test"), "Dry run of a stop", "Stop of demo")
        same(self.look(), before | STOPPED)
        step("undeploy is refused while something is stopped")
        self.expect(self.operate("undeploy", "--force", code=1), "still stopped: ", "kinesis:demo-events")
        step("start")
        self.expect(self.operate("start", "--force"), "Start of demo (dev, us-east-1) succeeded")
        same(self.look(), before)
        step("report")
        self.expect(self.operate("report"), "Start of demo")
        step("A schedule stops it")
        self.stopped_by_schedule(before)
        step("undeploy: the bucket stays")
        self.expect(self.operate("undeploy", "--force"), "Deleted.")
        if STACK in json.dumps(
            self.cloud.aws("cloudformation", "list-stacks", "--stack-status-filter", "CREATE_COMPLETE")
        ):
            raise Failed("the stack is still there")
        bucket = outputs["StateBucketName"]
        left = self.cloud.aws("s3api", "list-objects-v2", "--bucket", bucket)["Contents"]
        if "demo/dev/state.json" not in [one["Key"] for one in left]:
            raise Failed("the state did not survive the stack")
        say(f"  s3://{bucket} has {len(left)} objects")

    def project(self) -> None:
        """Something to stop: made as its owner would, long before this deployment."""
        step("A project in the account")
        aws = self.cloud.aws
        for stream in STREAMS:
            aws("kinesis", "create-stream", "--stream-name", stream, "--shard-count", "2")
        alarm = ["--namespace", "demo", "--metric-name", "errors", "--statistic", "Sum", "--period", "60"]
        alarm += ["--evaluation-periods", "1", "--threshold", "1", "--comparison-operator", "GreaterThanThreshold"]
        aws("cloudwatch", "put-metric-alarm", "--alarm-name", "demo-errors", *alarm)
        trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        aws("iam", "create-role", "--role-name", "worker", "--assume-role-policy-document", document)
        code = self.cloud.folder / "worker.zip"
        with zipfile.ZipFile(code, "w") as file:
            file.writestr("worker.py", "def handler(event, context): return 1\n")
        role = f"arn:aws:iam::{ACCOUNT}:role/worker"
        worker = [
            "--runtime",
            "python3.13",
            "--handler",
            "worker.handler",
            "--role",
            role,
            "--zip-file",
            f"fileb://{code}",
        ]
        aws("lambda", "create-function", "--function-name", "demo-worker", *worker)
        self.cloud.account.seed(endpoints=[{"name": "demo-risk", "config": "demo-risk-config"}])
        for name, is_so in self.look().items():
            say(f"  {name}: {is_so}")

    def deploy(self, **parameters: str) -> None:
        step("sam deploy" + "".join(f" {name}={value}" for name, value in parameters.items()))
        template = self.cloud.folder / "infra" / "template.yaml"
        if not template.exists():
            # As a copy, so that what is deployed is what was given, wherever that is.
            template.parent.mkdir()
            built = str(self.bootstrap)
            template.write_text(
                (ROOT / "infra" / "template.yaml").read_text().replace("../target/lambda/aws-resource-manager/", built)
            )
            self.cloud.aws("s3api", "create-bucket", "--bucket", "packages")
        given = [f'{name}="{value}"' for name, value in (PARAMETERS | parameters).items()]
        self.cloud.run(
            *("sam", "deploy", "--template", str(template), "--stack-name", STACK, "--s3-bucket", "packages"),
            *("--capabilities", "CAPABILITY_IAM", "--no-confirm-changeset", "--no-progressbar"),
            *("--parameter-overrides", *given),
        )

    def outputs(self) -> dict[str, str]:
        [stack] = self.cloud.aws("cloudformation", "describe-stacks", "--stack-name", STACK)["Stacks"]
        outputs = {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}
        for name, value in outputs.items():
            say(f"  {name}: {value.splitlines()[0][:90]}")
        return outputs

    def look(self) -> dict[str, str]:
        """The account, without the function's eyes."""
        aws, seen = self.cloud.aws, {}
        endpoints = self.cloud.account.snapshot()["endpoints"]
        seen["endpoint demo-risk"] = "in service" if "demo-risk" in endpoints else "not there"
        for stream in STREAMS:
            described = aws("kinesis", "describe-stream-summary", "--stream-name", stream)
            seen[f"stream {stream}"] = f"{described['StreamDescriptionSummary']['OpenShardCount']} shards"
        concurrency = aws("lambda", "get-function-concurrency", "--function-name", "demo-worker") or {}
        reserved = concurrency.get("ReservedConcurrentExecutions")
        seen["function demo-worker"] = "unreserved" if reserved is None else f"reserved {reserved}"
        for alarm in aws("cloudwatch", "describe-alarms")["MetricAlarms"]:
            seen[f"alarm {alarm['AlarmName']}"] = "actions on" if alarm["ActionsEnabled"] else "actions off"
        return seen

    def without_a_policy(self) -> None:
        """What worked until now says nothing unless this does not."""
        resources = self.cloud.aws("cloudformation", "list-stack-resources", "--stack-name", STACK)
        physical = {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in resources["StackResourceSummaries"]}
        # The smaller kinds' statements are in the policies of larger ones.
        policy = ["--role-name", physical["FunctionRole"], "--policy-arn", physical["SageMakerPolicy"]]
        self.cloud.aws("iam", "detach-role-policy", *policy)
        self.expect(self.operate("status", code=1), "the function's role needs kinesis:ListStreams")
        self.cloud.aws("iam", "attach-role-policy", *policy)

    def tries(self, outputs: dict[str, str], before: dict[str, str]) -> None:
        """A person copies them from the screen. The AWS CLI of the tests is the first version."""
        for name, words in (("TryFirst1Status", "demo-events"), ("TryFirst2DryRun", "would_stop")):
            self.expect(self.cloud.run("sh", "-c", outputs[name]), words)
            say(f"  {name} answers")
        self.cloud.run("sh", "-c", outputs["TryFirst3Stop"])
        self.until(before | STOPPED, "the third command did not stop the project", 60)
        say("  TryFirst3Stop has stopped the project")
        self.expect(self.operate("start", "--force"), "Start of demo (dev, us-east-1) succeeded")
        same(self.look(), before)

    def until(self, expected: dict[str, str], otherwise: str, seconds: float) -> None:
        until = time.monotonic() + seconds
        while self.look() != expected:
            if time.monotonic() > until:
                raise Failed(f"{otherwise} within {seconds} seconds")
            time.sleep(2)

    def stopped_by_schedule(self, before: dict[str, str]) -> None:
        """The evening comes every minute, and nobody calls the function."""
        self.deploy(StopSchedule="rate(1 minute)")
        self.until(before | STOPPED, "no schedule stopped the project", 150)
        # What a deployment does not name stays as it was.
        self.deploy(StopSchedule="cron(0 18 ? * MON-FRI *)")
        say("  a schedule has stopped the project")
        self.expect(self.operate("start", "--force"), "Start of demo (dev, us-east-1) succeeded")
        same(self.look(), before)

    def operate(self, *arguments: str, code: int = 0) -> str:
        out = self.cloud.run(sys.executable, "infra/operate", *arguments, "--stack", STACK, code=code)
        for line in out.splitlines():
            say(f"  | {line}")
        return out

    @staticmethod
    def expect(out: str, *words: str) -> None:
        for word in words:
            if word not in out:
                raise Failed(f"it does not say {word!r}")


def same(now: dict[str, Any], expected: dict[str, Any]) -> None:
    wrong = [
        f"{name}: is {now.get(name)}, expected {expected.get(name)}"
        for name in now | expected
        if now.get(name) != expected.get(name)
    ]
    if wrong:
        raise Failed("the account is not as it must be:\n  " + "\n  ".join(wrong))
    say(f"  the account is as it must be: {len(now)} resources compared")


def step(text: str) -> None:
    say(f"\n━━ {text}")


def say(text: str) -> None:
    print(text, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bootstrap", type=Path, required=True, help="the folder with the built bootstrap")
    bootstrap: Path = parser.parse_args().bootstrap.resolve()
    if not (bootstrap / "bootstrap").is_file():
        parser.error(f"there is no bootstrap in {bootstrap}: `make lambda` makes it")
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    with tempfile.TemporaryDirectory(prefix="deployment-") as folder:
        cloud = Cloud(Path(folder))
        try:
            with cloud:
                Story(cloud, bootstrap).run()
        except Failed as failure:
            say(f"\nThe deployment failed: {failure}\n\n{cloud.last_lines()}")
            return 1
    say("\nDeployed, used and removed.")
    return 0
