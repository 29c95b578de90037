"""The deployment, through the AWS CLI: where it is, and calls to what it has."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


class Failed(Exception):
    """Something that the operator has to know, in words."""


def aws(*arguments: str, region: str | None, attempts: int | None = None) -> Any:
    """One call of the AWS CLI, and its answer."""
    place = ["--region", region] if region else []
    environment = dict(os.environ)
    if attempts:
        environment["AWS_MAX_ATTEMPTS"] = str(attempts)
    try:
        run = subprocess.run(
            ["aws", *arguments, *place, "--output", "json"], capture_output=True, text=True, env=environment
        )
    except FileNotFoundError:
        raise Failed("the AWS CLI is not there: `aws` must be on the PATH") from None
    if run.returncode:
        raise Failed(run.stderr.strip() or f"aws {' '.join(arguments[:2])} ended with {run.returncode}")
    return json.loads(run.stdout) if run.stdout.strip() else None


@dataclass(frozen=True)
class Deployment:
    """A deployed stack, as its outputs tell."""

    stack: str
    region: str | None
    function: str
    bucket: str
    prefix: str
    logs: str
    parameters: dict[str, str] = field(default_factory=dict)

    @classmethod
    def find(cls, stack: str, region: str | None) -> Deployment:
        described = aws("cloudformation", "describe-stacks", "--stack-name", stack, region=region)["Stacks"][0]
        outputs = {one["OutputKey"]: one["OutputValue"] for one in described.get("Outputs", [])}
        parameters = {one["ParameterKey"]: one["ParameterValue"] for one in described.get("Parameters", [])}
        try:
            return cls(
                stack,
                region,
                outputs["FunctionName"],
                outputs["StateBucketName"],
                outputs["StatePrefix"],
                outputs["LogGroupName"],
                parameters,
            )
        except KeyError as missing:
            raise Failed(f"the stack {stack} has no output {missing}: it is not one of this template") from None

    def invoke(self, event: dict[str, Any]) -> dict[str, Any]:
        """The function's answer. Never sent twice: a second invocation would be another operation."""
        with tempfile.TemporaryDirectory() as folder:
            payload, answer = Path(folder, "event.json"), Path(folder, "answer.json")
            payload.write_text(json.dumps(event))
            called = aws(
                *("lambda", "invoke", "--function-name", self.function),
                *("--payload", f"fileb://{payload}", "--cli-read-timeout", "0", str(answer)),
                region=self.region,
                attempts=1,
            )
            body = json.loads(answer.read_text())
        if called.get("FunctionError"):
            raise Failed(f"the function answered: {body.get('errorMessage', body)}")
        return dict(body)

    def read(self, key: str) -> dict[str, Any] | None:
        """An object below the prefix, or None where there is none."""
        with tempfile.TemporaryDirectory() as folder:
            body = Path(folder, "body.json")
            try:
                aws(
                    *("s3api", "get-object", "--bucket", self.bucket, "--key", f"{self.prefix}/{key}", str(body)),
                    region=self.region,
                )
            except Failed as failure:
                if "NoSuchKey" in str(failure):
                    return None
                raise
            return dict(json.loads(body.read_text()))

    def newest_report(self) -> dict[str, Any] | None:
        """Of the stop or start that began last. A dry run is none, though its report is kept beside."""
        prefix = f"{self.prefix}/operations/"
        listed = aws("s3api", "list-objects-v2", "--bucket", self.bucket, "--prefix", prefix, region=self.region)
        days: dict[str, list[str]] = {}
        for one in (listed or {}).get("Contents", []):
            day, _, name = str(one["Key"]).removeprefix(prefix).rpartition("/")
            if name.endswith(".json"):
                days.setdefault(day, []).append(f"operations/{day}/{name}")
        # The day in a key is the one on which the operation began.
        for day in sorted(days, reverse=True):
            reports = [report for key in days[day] if (report := self.read(key)) and not report["dry_run"]]
            if reports:
                return max(reports, key=lambda report: str(report["started_at"]))
        return None

    def place(self, report: dict[str, Any]) -> str | None:
        """Where a report is kept. A status is not."""
        if report["action"] == "status" or report["outcome"] in ("in_progress", "skipped"):
            return None
        day = report["started_at"][:10].replace("-", "/")
        return f"s3://{self.bucket}/{self.prefix}/operations/{day}/{report['operation_id']}.json"

    def resources(self, kind: str) -> dict[str, str]:
        """The stack's resources of a type: their names in the template, and in AWS."""
        listed = aws("cloudformation", "describe-stack-resources", "--stack-name", self.stack, region=self.region)
        return {
            one["LogicalResourceId"]: one["PhysicalResourceId"]
            for one in listed["StackResources"]
            if one["ResourceType"] == kind and one.get("PhysicalResourceId")
        }
