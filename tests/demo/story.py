"""What the demo does, step by step, and what must come of it."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import picture, screen
from .account import Account, Mailbox, look
from .compare import compared, differences
from .function import Function
from .kinds import STOPPED
from .processes import DemoFailed, Processes

ROOT = Path(__file__).resolve().parents[2]
EVENTS = ROOT / "events"
PICTURE = ROOT / "docs" / "demo.svg"
PROJECT = "user-journey-analytics"
ENVIRONMENT = {
    "PROJECT_NAME": PROJECT,
    "ENVIRONMENT": "dev",
    "RESOURCES": f"*:{PROJECT}-*;lambda:{PROJECT}-*,event_processor,intervention-executor",
    "POLL_SECONDS": "0.5",
}
# On AWS, each of these takes minutes.
TRANSITIONS = {"creating_seconds": 4, "deleting_seconds": 2, "scaling_seconds": 2}


def _sample(name: str, **more: Any) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return event | more


@dataclass(frozen=True)
class Step:
    title: str
    event: dict[str, Any]
    changes: bool = False
    """Whether it may change a resource."""


EVENING = [
    Step("Status: what is there, and what it costs", _sample("status-notify")),
    Step("Dry run: what a stop would do", _sample("stop-dry-run", notify=True)),
    Step("Stop: the evening", _sample("stop"), changes=True),
]
MORNING = [
    Step("Stop again: it must not take what is stopped for the original", _sample("stop")),
    Step("Status: the night", _sample("status-notify")),
    Step("Start: the morning", _sample("start"), changes=True),
    Step("Status: everything is back", _sample("status-notify")),
]


class Demo:
    def __init__(self, processes: Processes, bootstrap: Path) -> None:
        screen.say()
        screen.heading("A simulated AWS account, with the project in it and the built function")
        screen.say("It is all on this machine: nothing is sent to AWS.")
        screen.say(
            "{creating_seconds} s to create an endpoint, {deleting_seconds} s to delete one, {scaling_seconds} s "
            "to scale a stream: on AWS, these take minutes.\n".format(**TRANSITIONS)
        )
        self.account = Account(processes)
        self.account.seed_demo(**TRANSITIONS)
        environment = ENVIRONMENT | {"STATE_BUCKET": self.account.bucket, "SNS_TOPIC_ARN": self.account.topic}
        self.function = Function(processes, self.account, bootstrap, environment)
        topic = self.account.topic.rsplit(":", 1)[-1]
        self.email, self.json = (Mailbox(self.account, f"{topic}-{protocol}") for protocol in ("email", "json"))
        screen.say()

    def run(self) -> None:
        before, looks = self.account.snapshot(), look(self.account, PROJECT)
        for step in EVENING:
            self._take(step)
        self._show_stopped(looks)
        for step in MORNING:
            self._take(step)
        self._compare(before)

    def _take(self, step: Step) -> None:
        screen.heading(step.title)
        screen.event(step.event)
        for mailbox in (self.email, self.json):
            mailbox.take()
        self.account.forget_calls()
        report = self.function.invoke(step.event)
        calls = self.account.calls()
        changed = [call for call in calls if call["mutating"] and not _is_record(call)]
        self._show_outcome(report, len(calls), len(changed))
        subject, text = self._message_of(report)
        screen.say("The e-mail:\n")
        screen.email(subject, text)
        if report["outcome"] != "succeeded":
            raise DemoFailed(f"the outcome is {report['outcome']}, expected was succeeded")
        unexpected = ([] if step.changes else changed) + _records_not_allowed(step, calls)
        if unexpected:
            lines = "\n".join(f"  {c['service']} {c['operation']} {c['resource']}" for c in unexpected)
            raise DemoFailed(f"this step must not change anything, but it called\n{lines}")

    def _show_outcome(self, report: Any, calls: int, changes: int) -> None:
        results = [resource["result"] for resource in report["resources"]]
        counted = ", ".join(f"{results.count(r)} {r.replace('_', ' ')}" for r in dict.fromkeys(sorted(results)))
        paint = screen.good if report["outcome"] == "succeeded" else screen.bad
        screen.say(f"{screen.dim('outcome')}  {paint(report['outcome'])}: {counted}")
        screen.say(f"{screen.dim('calls')}    {calls} to AWS, {changes} of them changed a resource\n")

    def _message_of(self, report: Any) -> tuple[str, str]:
        """The one e-mail of this operation. The JSON that others get says whose it is."""
        emails, others = self.email.take(5), self.json.take(5)
        operations = [_operation_of(text) for _, text in others]
        if len(emails) != 1 or operations != [report["operation_id"]]:
            raise DemoFailed(
                f"there must be one message, about operation {report['operation_id']}; "
                f"there are {len(emails)} e-mails, and messages about {operations}"
            )
        return emails[0]

    def _show_stopped(self, before: dict[tuple[str, str], str]) -> None:
        now = dict.fromkeys(before, "gone") | look(self.account, PROJECT)
        screen.say("The account as AWS's own APIs show it now:\n")
        rows = [[*key, was, now[key], "" if was == now[key] else "changed"] for key, was in before.items()]
        screen.table(["", "", "was", "is", ""], rows)
        wrong = differences(before | STOPPED, now)
        if wrong:
            raise DemoFailed("a stop leaves the account differently:\n" + "\n".join(f"  {line}" for line in wrong))

    def _compare(self, before: Any) -> None:
        screen.heading("The account, compared with what it was before")
        after = self.account.snapshot()
        screen.table(["compared", "resources", "values", "tags"], compared(before))
        differing = differences(before, after)
        if differing:
            raise DemoFailed("the account differs:\n" + "\n".join(f"  {line}" for line in differing))
        screen.say(screen.good("Identical: every value of every resource is what it was.\n"))


def _operation_of(text: str) -> Any:
    """A queue gets SNS's envelope around the message."""
    message = json.loads(text)
    return json.loads(message["Message"])["operation_id"] if "Message" in message else message.get("operation_id")


def _is_record(call: dict[str, Any]) -> bool:
    """The function's own bookkeeping in S3, and its message."""
    return (call["service"], call["operation"]) in {("s3", "PutObject"), ("sns", "Publish")}


def _records_not_allowed(step: Step, calls: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A status writes nothing to S3, and a dry run only its report."""
    writes = [call for call in calls if call["operation"] == "PutObject"]
    if step.event["action"] == "status":
        return writes
    if step.event.get("dry_run"):
        return [call for call in writes if "/operations/" not in call["resource"]]
    return []


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bootstrap", type=Path, required=True, help="the function, built")
    parser.add_argument("--draw", action="store_true", help="draw the README's picture anew")
    arguments = parser.parse_args()
    bootstrap: Path = arguments.bootstrap.resolve()
    if not bootstrap.is_file():
        parser.error(f"{bootstrap} is not there: `make build` makes it")
    _know_no_other_account()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    with tempfile.TemporaryDirectory(prefix="demo-") as folder:
        processes = Processes(Path(folder))
        try:
            Demo(processes, bootstrap).run()
            _draw(anew=arguments.draw)
        except DemoFailed as failure:
            _explain(failure, processes)
            return 1
        except BrokenPipeError:
            # Whoever read has seen enough. Python would complain once more when it flushes at its end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 1
        except KeyboardInterrupt:
            screen.say("\nInterrupted: ending what was started.")
            return 130
        except Exception:
            _explain(None, processes)
            raise
        finally:
            processes.end()
    return 0


def _draw(anew: bool) -> None:
    """The README's picture shows what this run has shown."""
    drawn = picture.draw(screen.SAID)
    if anew:
        PICTURE.write_text(drawn)
    elif PICTURE.read_text() != drawn:
        raise DemoFailed("the README's picture shows something else: `make picture` draws it anew")


def _know_no_other_account() -> None:
    """Whatever is set up for AWS on this machine, or for its proxy, is not for the demo."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ |= {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }


def _explain(failure: DemoFailed | None, processes: Processes) -> None:
    if failure:
        screen.say(f"\n{screen.bad('The demo failed:')} {failure}\n")
    for name in ("function", "emulator", "account"):
        if lines := processes.last_lines(name, 12):
            screen.say(f"The last lines of the {name}'s log:")
            for line in lines:
                screen.say(f"  {line}")
