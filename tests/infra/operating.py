"""An operator at work with the commands, before an AWS that answers from a script."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from .template import ROOT

PREFIX = "demo/dev"
KEPT = f"s3api get-object {PREFIX}/operations/2026/11/23/op-1.json"
STATE = f"s3api get-object {PREFIX}/state.json"
MISSING = {"error": "An error occurred (NoSuchKey) when calling the GetObject operation"}
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
    plain |= {"finished_at": None if outcome == "in_progress" else "2026-11-23T18:00:01.5Z"}
    return plain | more


def state(*owed: str, at_work: str | None = None, lease_until: str | None = None, **more: Any) -> dict[str, Any]:
    """The state object, with what is stopped."""
    plain: dict[str, Any] = {"resources": {key: {"phase": "stopped", "original": {"shards": 2}} for key in owed}}
    finished = None if at_work else "2026-11-23T18:00:01Z"
    plain["operation"] = {"id": "op-1", "direction": at_work or "stop", "finished_at": finished}
    plain["lease"] = {"holder": "x", "until": lease_until} if lease_until else None
    return {"body": plain | {"ended": []} | more}


class Operator:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        programs = folder / "bin"
        programs.mkdir()
        fake = Path(__file__).with_name("fake_aws.py")
        for name in ("aws", "sam", "make"):
            program = programs / name
            program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{fake}" {name} "$@"\n')
            program.chmod(0o755)
        # As a copy: what is deployed, and what the deployment writes down, is beside it.
        self.root = folder / "project"
        shutil.copytree(ROOT / "infra", self.root / "infra", ignore=shutil.ignore_patterns("__pycache__", "*.toml"))
        self.samconfig = self.root / "infra" / "samconfig.toml"
        self.answers: dict[str, list[Any]] = {"cloudformation describe-stacks": [{"out": STACK}], STATE: [MISSING]}

    def invocations(self, *answers: dict[str, Any]) -> None:
        self.answers["lambda invoke"] = [{"out": {"StatusCode": 200}, "body": answer} for answer in answers]

    def environment(self) -> dict[str, str]:
        return {
            "PATH": f"{self.folder / 'bin'}:/usr/bin:/bin",
            "FAKE_AWS": str(self.folder),
            "OPERATE_POLL_SECONDS": "0.01",
            "PYTHONDONTWRITEBYTECODE": "1",
            "LANG": os.environ.get("LANG", "C.UTF-8"),
        }

    def script(self) -> None:
        (self.folder / "answers.json").write_text(json.dumps(self.answers))
        (self.folder / "calls.jsonl").touch()

    def run(self, *arguments: str, typed: str = "", stack: str | None = "demo") -> subprocess.CompletedProcess[str]:
        self.script()
        where = ["--stack", stack, "--region", "eu-west-1"] if stack else []
        return subprocess.run(
            [sys.executable, self.root / "infra" / "operate", *arguments, *where],
            input=typed,
            capture_output=True,
            text=True,
            timeout=60,
            env=self.environment(),
        )

    def calls(self, name: str) -> list[dict[str, Any]]:
        calls = [json.loads(one) for one in (self.folder / "calls.jsonl").read_text().splitlines()]
        return [call for call in calls if call["call"] == name]

    def events(self) -> list[dict[str, Any]]:
        return [call["event"] for call in self.calls("lambda invoke")]
