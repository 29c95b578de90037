"""The commands. Each answers with an exit code: 0 is well, 1 is not, 130 is interrupted."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from .aws import Deployment, Failed, aws
from .deploy import deploy
from .remove import undeploy
from .saved import Saved
from .say import agreed, say
from .state import State
from .text import TITLES, counts, text

# An operation goes on in at most 12 more invocations of 15 minutes.
LONGEST_SECONDS = 13 * 900
POLL_SECONDS = float(os.environ.get("OPERATE_POLL_SECONDS", "5"))
# Reads that fail in a row before following gives up: a network is away for a while.
FAILED_READS = 5
# As the function checks it (src/event/request.rs).
LONGEST_REASON = 200
CHANGES = ("would_stop", "would_start")
# In transition: a stop or start waits for it and then decides.
WAITS = "pending"


def status(deployment: Deployment, options: argparse.Namespace) -> int:
    report = deployment.invoke(_event("status", options))
    say(text(report, deployment.place(report)))
    return _code(report)


def change(deployment: Deployment, options: argparse.Namespace) -> int:
    """A stop or a start: shown first, asked for, made, and followed to its end."""
    event = _event(options.command, options)
    planned = deployment.invoke(event | {"dry_run": True})
    say(text(planned, deployment.place(planned)))
    if options.dry_run:
        return _code(planned)
    if not any(line["result"] in (*CHANGES, WAITS) for line in planned["resources"]):
        # What is shown is what is there now, and not what an operation at work is about to do.
        pending = _pending(State.read(deployment), event)
        if not pending:
            say("\nThere is nothing to do.")
            return _code(planned)
        say(f"\n{pending}")
    if not options.force and not agreed(f"{options.command.capitalize()} this?"):
        say("Nothing was done.")
        return 1
    say("")
    # Not waiting for it keeps no connection open for a quarter of an hour, which networks cut.
    report = deployment.invoke(event | {"dry_run": False, "wait": False})
    if report["outcome"] == "in_progress":
        report = follow(deployment, report)
    say(text(report, deployment.place(report)))
    # Not even begun, because another operation is at work or a newer one came: what was asked for is not done.
    return 1 if report["outcome"] == "skipped" else _code(report)


def _pending(state: State, event: dict[str, Any]) -> str | None:
    """Why an event is to be sent though its dry run shows nothing to do."""
    if work := state.at_work():
        return f"An operation is at work, or has not come to its end: {work}."
    owed = state.owed(event.get("only")) if event["action"] == "start" else []
    return f"The state still owes {', '.join(owed)}." if owed else None


def follow(deployment: Deployment, report: dict[str, Any]) -> dict[str, Any]:
    """The kept report of an operation, as soon as it is there: it is written at the operation's end."""
    day = report["started_at"][:10].replace("-", "/")
    key = f"operations/{day}/{report['operation_id']}.json"
    say(f"In progress: {counts(report)}. It goes on by itself, also if you stop watching.")
    began, shown, over, failed = time.monotonic(), "", False, 0
    while time.monotonic() - began < LONGEST_SECONDS:
        try:
            if kept := deployment.read(key):
                say("")
                return kept
            if over:
                break
            state = State.read(deployment)
            failed = 0
        except Failed as failure:
            failed += 1
            if failed == FAILED_READS:
                raise
            say(f"  {failure}")
            time.sleep(POLL_SECONDS)
            continue
        # An operation that is over has its report by now, or will never have one: another took its place.
        over = state.has_ended(report["operation_id"])
        now = state.progress()
        if now != shown:
            say(f"  {time.monotonic() - began:4.0f} s  {now}")
            shown = now
        time.sleep(POLL_SECONDS)
    raise Failed(f"no report came at {key}: look at the newest one (make report) and at the logs")


def report(deployment: Deployment, _: argparse.Namespace) -> int:
    newest = deployment.newest_report()
    if not newest:
        say("There is no report yet: nothing was stopped or started.")
        return 1
    say(text(newest, deployment.place(newest)))
    return _code(newest)


def logs(deployment: Deployment, _: argparse.Namespace) -> int:
    """The last hour, and what comes. `aws logs tail` does the same, but only in the second version of the AWS CLI."""
    since = int(time.time() * 1000) - 3_600_000
    shown: dict[str, int] = {}
    while True:
        place = ["--log-group-name", deployment.logs, "--start-time", str(since)]
        for event in (aws("logs", "filter-log-events", *place, region=deployment.region) or {}).get("events", []):
            if event["eventId"] not in shown:
                shown[event["eventId"]] = event["timestamp"]
                at = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
                say(f"{at:%Y-%m-%dT%H:%M:%S}Z {event['message'].rstrip()}")
        # Lines come late, and not in their order.
        since = max(since, max(shown.values(), default=since) - 60_000)
        shown = {event: at for event, at in shown.items() if at >= since}
        time.sleep(POLL_SECONDS)


def _event(action: str, options: argparse.Namespace) -> dict[str, Any]:
    """The event, checked as the function checks it: what it refuses is an error there, and the alarm for errors tells
    everybody."""
    event: dict[str, Any] = {"action": action}
    if only := [part.strip() for part in options.only.split(",") if part.strip()]:
        for part in only:
            if (kind := part.partition(":")[0]) not in TITLES:
                raise Failed(f"ONLY has {part}: {kind} is no kind. The kinds are {', '.join(TITLES)}")
        event["only"] = only
    if len(options.reason) > LONGEST_REASON:
        raise Failed(f"REASON has {len(options.reason)} characters; at most {LONGEST_REASON} are allowed")
    if options.reason:
        event["reason"] = options.reason
    return event


def _code(report: dict[str, Any]) -> int:
    return 0 if report["outcome"] in ("succeeded", "skipped") else 1


def _flag(value: str) -> bool:
    """FORCE=0 is no force."""
    return value.strip().lower() not in ("", "0", "no", "false", "off")


COMMANDS: dict[str, Callable[[Deployment, argparse.Namespace], int]] = {
    "status": status,
    "stop": change,
    "start": change,
    "report": report,
    "logs": logs,
    "undeploy": undeploy,
}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="operate", description="Operate the deployed function.", allow_abbrev=False)
    parser.add_argument("command", choices=["deploy", *COMMANDS])
    parser.add_argument("--only", default="", help="kinds or kind:name-pattern, separated by commas")
    parser.add_argument("--reason", default="", help="kept with the operation")
    for name, meaning in (("--dry-run", "only show what would happen"), ("--force", "do not ask")):
        parser.add_argument(name, type=_flag, nargs="?", const=True, default=False, help=f"{meaning}; 0: not so")
    parser.add_argument("--arch", default="", help="of a deployment: x86_64 or arm64; default: as in samconfig.toml")
    parser.add_argument("--config-env", default="default", help="which deployment, where samconfig.toml has several")
    parser.add_argument("--stack", help="the stack's name; default: as in samconfig.toml")
    parser.add_argument("--region", help="its region; default: as in samconfig.toml")
    options = parser.parse_args(arguments)
    try:
        if options.command == "deploy":
            return deploy(options)
        saved = Saved.read(options.config_env)
        stack = options.stack or saved.stack
        if not stack:
            raise Failed("nothing is deployed from here: run `make deploy` first, or say which stack with STACK=")
        deployment = Deployment.find(stack, options.region or saved.region)
        return COMMANDS[options.command](deployment, options)
    except Failed as failure:
        print(f"\n{failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. What the function has begun goes on.", file=sys.stderr)
        return 130
