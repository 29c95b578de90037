"""The commands. Each answers with an exit code: 0 is well, 1 is not, 130 is interrupted."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from .aws import Deployment, Failed, configured
from .text import counts, text

# An operation goes on in at most 12 more invocations of 15 minutes.
LONGEST_SECONDS = 13 * 900
POLL_SECONDS = float(os.environ.get("OPERATE_POLL_SECONDS", "5"))
CHANGES = ("would_stop", "would_start")


def status(deployment: Deployment, options: argparse.Namespace) -> int:
    report = deployment.invoke(_event("status", options))
    say(text(report))
    return _code(report)


def change(deployment: Deployment, options: argparse.Namespace) -> int:
    """A stop or a start: shown first, asked for, made, and followed to its end."""
    event = _event(options.command, options)
    planned = deployment.invoke(event | {"dry_run": True})
    say(text(planned))
    if options.dry_run:
        return _code(planned)
    if not any(line["result"] in CHANGES for line in planned["resources"]):
        say("\nThere is nothing to do.")
        return _code(planned)
    if not options.force and not _agreed(f"{options.command.capitalize()} this?"):
        say("Nothing was done.")
        return 1
    say("")
    # Not waiting for it keeps no connection open for a quarter of an hour, which networks cut.
    report = deployment.invoke(event | {"dry_run": False, "wait": False})
    if report["outcome"] == "in_progress":
        report = follow(deployment, report)
    say(text(report))
    return _code(report)


def follow(deployment: Deployment, report: dict[str, Any]) -> dict[str, Any]:
    """The kept report of an operation, as soon as it is there: it is written at the operation's end."""
    day = report["started_at"][:10].replace("-", "/")
    key = f"operations/{day}/{report['operation_id']}.json"
    say(f"In progress: {counts(report)}. It goes on by itself, also if you stop watching.")
    began, shown, over = time.monotonic(), "", False
    while time.monotonic() - began < LONGEST_SECONDS:
        if kept := deployment.read(key):
            say("")
            return kept
        if over:
            break
        state = deployment.read("state.json") or {}
        # An operation that is over has its report by now, or will never have one: another took its place.
        over = report["operation_id"] in [ended["operation_id"] for ended in state.get("ended", [])]
        now = _progress(state)
        if now != shown:
            say(f"  {time.monotonic() - began:4.0f} s  {now}")
            shown = now
        time.sleep(POLL_SECONDS)
    raise Failed(f"no report came at {key}: look at the newest one (make report) and at the logs")


def _progress(state: dict[str, Any]) -> str:
    phases = [record["phase"] for record in state.get("resources", {}).values()]
    return ", ".join(f"{phases.count(phase)} {phase}" for phase in sorted(set(phases))) or "nothing recorded yet"


def report(deployment: Deployment, _: argparse.Namespace) -> int:
    newest = deployment.newest_report()
    if not newest:
        say("There is no report yet: nothing was stopped or started.")
        return 1
    say(text(newest))
    return _code(newest)


def logs(deployment: Deployment, _: argparse.Namespace) -> int:
    place = ["--region", deployment.region] if deployment.region else []
    return subprocess.run(["aws", "logs", "tail", deployment.logs, "--since", "1h", "--follow", *place]).returncode


def undeploy(deployment: Deployment, options: argparse.Namespace) -> int:
    """Deletes the stack, but not while anything is stopped: nobody would know what to bring back."""
    planned = deployment.invoke({"action": "start", "dry_run": True})
    day = planned["started_at"][:10].replace("-", "/")
    kept = deployment.read(f"operations/{day}/{planned['operation_id']}.json")
    if kept is None:
        raise Failed("the state cannot be seen, so nobody knows whether anything is stopped: nothing was deleted")
    # What a person stopped is not in it: only what the function owes.
    if kept["originals"]:
        say(text(planned))
        owed = ", ".join(sorted(kept["originals"]))
        raise Failed(f"still stopped: {owed}. Start it first (make start). Nothing was deleted")
    if not options.force and not _agreed(f"Delete the stack {deployment.stack}? The bucket {deployment.bucket} stays."):
        say("Nothing was done.")
        return 1
    place = ["--region", deployment.region] if deployment.region else []
    code = subprocess.run(["sam", "delete", "--no-prompts", "--stack-name", deployment.stack, *place]).returncode
    if code == 0:
        say(f"\nDeleted. The state and the reports are still in s3://{deployment.bucket}, until you delete them.")
    return code


def _event(action: str, options: argparse.Namespace) -> dict[str, Any]:
    event: dict[str, Any] = {"action": action}
    if only := [part.strip() for part in options.only.split(",") if part.strip()]:
        event["only"] = only
    if options.reason:
        event["reason"] = options.reason
    return event


def _agreed(question: str) -> bool:
    try:
        return input(f"\n{question} [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False


def _code(report: dict[str, Any]) -> int:
    return 0 if report["outcome"] in ("succeeded", "skipped") else 1


def say(line: str) -> None:
    print(line, flush=True)


COMMANDS: dict[str, Callable[[Deployment, argparse.Namespace], int]] = {
    "status": status,
    "stop": change,
    "start": change,
    "report": report,
    "logs": logs,
    "undeploy": undeploy,
}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="operate", description="Operate the deployed function.")
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("--only", default="", help="kinds or kind:name-pattern, separated by commas")
    parser.add_argument("--reason", default="", help="kept with the operation")
    parser.add_argument("--dry-run", action="store_true", help="only show what would happen")
    parser.add_argument("--force", action="store_true", help="do not ask")
    parser.add_argument("--config-env", default="default", help="which deployment, where samconfig.toml has several")
    parser.add_argument("--stack", help="the stack's name; default: as in samconfig.toml")
    parser.add_argument("--region", help="its region; default: as in samconfig.toml")
    options = parser.parse_args(arguments)
    known = configured(options.config_env)
    stack = options.stack or known.get("stack_name")
    try:
        if not stack:
            raise Failed("nothing is deployed from here: run `make deploy` first, or say which stack with STACK=")
        deployment = Deployment.find(stack, options.region or known.get("region"))
        return COMMANDS[options.command](deployment, options)
    except Failed as failure:
        print(f"\n{failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. What the function has begun goes on.", file=sys.stderr)
        return 130
