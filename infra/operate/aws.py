"""The deployment, through the AWS CLI: where it is, and calls to what it has."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SAMCONFIG = Path(__file__).resolve().parents[1] / "samconfig.toml"


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

    @classmethod
    def find(cls, stack: str, region: str | None) -> Deployment:
        described = aws("cloudformation", "describe-stacks", "--stack-name", stack, region=region)
        outputs = {one["OutputKey"]: one["OutputValue"] for one in described["Stacks"][0].get("Outputs", [])}
        try:
            return cls(
                stack,
                region,
                outputs["FunctionName"],
                outputs["StateBucketName"],
                outputs["StatePrefix"],
                outputs["LogGroupName"],
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
        prefix = f"{self.prefix}/operations/"
        listed = aws("s3api", "list-objects-v2", "--bucket", self.bucket, "--prefix", prefix, region=self.region)
        reports = [one for one in (listed or {}).get("Contents", []) if one["Key"].endswith(".json")]
        if not reports:
            return None
        newest = max(reports, key=lambda one: str(one["LastModified"]))["Key"]
        return self.read(newest.removeprefix(f"{self.prefix}/"))


def configured(environment: str) -> dict[str, str]:
    """What `sam deploy --guided` wrote down for this environment: the stack's name and region."""
    found: dict[str, str] = {}
    section = ""
    for line in SAMCONFIG.read_text().splitlines() if SAMCONFIG.exists() else []:
        if header := re.fullmatch(r"\s*\[([^\]]+)\]\s*", line):
            section = header[1]
        elif section in (f"{environment}.deploy.parameters", f"{environment}.global.parameters") and (
            pair := re.fullmatch(r'\s*(stack_name|region)\s*=\s*"([^"]*)"\s*', line)
        ):
            found[pair[1]] = pair[2]
    return found
