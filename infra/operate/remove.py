"""`make undeploy`: deletes the stack, but not while anything is stopped: nobody would know what to bring back."""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from .aws import Deployment, Failed, aws
from .say import agreed, say
from .state import State

# What a schedule tells and does not take (docs.aws.amazon.com/scheduler/latest/APIReference/API_UpdateSchedule.html).
TOLD = ("Arn", "CreationDate", "LastModificationDate")


def undeploy(deployment: Deployment, options: argparse.Namespace) -> int:
    refuse_while_anything_is_stopped(deployment)
    # The evening must not come between the look and the deletion.
    schedules = Schedules(deployment)
    gone = False
    try:
        schedules.disable()
        refuse_while_anything_is_stopped(deployment)
        question = f"Delete the stack {deployment.stack}? The bucket {deployment.bucket} stays."
        if not options.force and not agreed(question):
            say("Nothing was done.")
            return 1
        # Nor must a stop by hand, while the question stood there.
        refuse_while_anything_is_stopped(deployment)
        place = ["--region", deployment.region] if deployment.region else []
        code = subprocess.run(["sam", "delete", "--no-prompts", "--stack-name", deployment.stack, *place]).returncode
        gone = code == 0
    finally:
        if not gone:
            schedules.enable()
    if gone:
        say(f"\nDeleted. The state and the reports are still in s3://{deployment.bucket}, until you delete them.")
    return code


def refuse_while_anything_is_stopped(deployment: Deployment) -> None:
    """What a person stopped is not in it: only what the function owes."""
    state = State.read(deployment)
    if work := state.at_work():
        raise Failed(f"at work: {work}. Wait for its end, or send it again if it has died. Nothing was deleted")
    if owed := state.owed():
        raise Failed(f"still stopped: {', '.join(owed)}. Start it first (make start). Nothing was deleted")


class Schedules:
    """The stack's schedules, and those of them that this command has disabled."""

    def __init__(self, deployment: Deployment) -> None:
        self.region = deployment.region
        self.names = sorted(deployment.resources("AWS::Scheduler::Schedule").values())
        self.disabled: list[dict[str, Any]] = []

    def disable(self) -> None:
        for name in self.names:
            schedule = aws("scheduler", "get-schedule", "--name", name, region=self.region)
            if schedule["State"] == "ENABLED":
                self._put(schedule, "DISABLED")
                self.disabled.append(schedule)

    def enable(self) -> None:
        for schedule in self.disabled:
            try:
                self._put(schedule, "ENABLED")
            except Failed as failure:
                say(f"\nThe schedule {schedule['Name']} is disabled: enable it. {failure}")

    def _put(self, schedule: dict[str, Any], state: str) -> None:
        """A schedule is changed as a whole."""
        whole = {key: value for key, value in schedule.items() if key not in TOLD} | {"State": state}
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "schedule.json")
            file.write_text(json.dumps(whole))
            aws("scheduler", "update-schedule", "--cli-input-json", f"file://{file}", region=self.region)
