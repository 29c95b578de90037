"""A report as a person reads it, in the words of the e-mails (src/report/text.rs): a test compares the two."""

from __future__ import annotations

import re
import shlex
from datetime import datetime
from pathlib import Path
from typing import Any

Report = dict[str, Any]
Line = dict[str, Any]

# Less than half a cent is not worth a word.
SMALLEST = 0.005

# Each kind's file for the template begins with its title.
KINDS = Path(__file__).resolve().parents[1] / "kinds"
TITLES = {
    file.stem: file.read_text().partition("\n")[0].removeprefix("Title: ") for file in sorted(KINDS.glob("*.yaml"))
}
# What happened first, what did not last.
RESULTS = {
    "failed": "FAILED",
    "pending": "pending",
    "stopped": "stopped",
    "started": "started",
    "would_stop": "would be stopped",
    "would_start": "would be started",
    "running": "running",
    "already_stopped": "already stopped",
    "already_running": "already running",
    "skipped": "skipped",
    "unmanaged": "not managed",
}
# In a sum.
SUMS = {"failed": "failed", "would_stop": "would stop", "would_start": "would start"}
OUTCOMES = {
    "succeeded": "succeeded",
    "in_progress": "is in progress",
    "partial": "succeeded only in part",
    "failed": "failed",
    "skipped": "had nothing to do",
}


def text(report: Report, place: str | None = None) -> str:
    """The whole of it; `place` is where it is kept."""
    parts = [_head(report), _attention(report), _still_running(report), _cost(report)]
    kinds = dict.fromkeys(line["kind"] for line in report["resources"])
    parts += [_section(kind, report) for kind in kinds]
    parts += [_list("Recommendations", report["recommendations"]), _foot(report, place)]
    return "\n\n".join(part for part in parts if part)


def counts(report: Report) -> str:
    results = [line["result"] for line in report["resources"]]
    known = [*RESULTS, *(result for result in dict.fromkeys(results) if result not in RESULTS)]
    found = [f"{results.count(result)} {SUMS.get(result, _words(result))}" for result in known if result in results]
    return ", ".join(found) or "no resources"


def _words(result: str) -> str:
    return RESULTS.get(result, result.replace("_", " "))


def _head(report: Report) -> str:
    action = str(report["action"])
    title = f"Dry run of a {action}" if report["dry_run"] else action.capitalize()
    outcome = OUTCOMES.get(report["outcome"], report["outcome"])
    verdict = "" if (action, report["outcome"]) == ("status", "succeeded") else f" {outcome}"
    lines = [f"{title} of {report['project']} ({report['environment']}, {report['region']}){verdict}."]
    lines.append(f"{counts(report)}.")
    if report["dry_run"]:
        lines.append("Nothing was changed.")
    # A stop has saved nothing yet.
    if action != "stop" and report["saved"]["total"] >= SMALLEST:
        lines.append(f"Saved {_saved(report)}.")
    if report.get("only"):
        lines.append(f"Only: {', '.join(report['only'])}")
    if report.get("reason"):
        lines.append(f"Reason: {report['reason']}")
    return "\n".join(lines)


def _saved(report: Report) -> str:
    saved = report["saved"]
    least = "" if saved.get("complete", True) else "at least "
    sums = {"this_stop": "in this stop", "month_to_date": "this month", "total": "in all"}
    return ", ".join(f"{least}{_usd(saved[name])} {words}" for name, words in sums.items())


def _attention(report: Report) -> str:
    """What a person has to do something about, before anything else."""
    action = report["action"]
    # To a status or a dry run, what is in transition is no trouble.
    troubles = {"failed"} if action == "status" or report["dry_run"] else {"failed", "pending"}
    problems = [*report["errors"]] + [
        f"{line['kind']}:{line['name']} {_words(line['result'])}: {line['detail']}"
        for line in report["resources"]
        if line["result"] in troubles
    ]
    listed = _list("Why" if report["outcome"] == "skipped" else "Needs attention", problems)
    taken_over = any(error.startswith("a newer ") for error in report["errors"])
    if not listed or taken_over or report["outcome"] not in ("partial", "failed"):
        return listed
    only = f" ONLY={shlex.quote(','.join(report['only']))}" if report.get("only") else ""
    if action == "status":
        return f"{listed}\nWhen the cause is dealt with, ask again with\nmake status{only}"
    return (
        f"{listed}\nWhat was saved is safe, and what is done stays done. When the cause is dealt with, go on from here "
        f"with\nmake {action}{only}{' DRY_RUN=1' if report['dry_run'] else ''}"
    )


def _still_running(report: Report) -> str:
    """What a stop had to leave running, and what that costs: no failure, and yet not what was wanted."""
    if report["action"] != "stop":
        return ""
    after = [(line["cost_per_day"]["after"], line) for line in report["resources"] if line["result"] == "skipped"]
    left = sorted(
        ((usd, line) for usd, line in after if usd is None or usd >= SMALLEST), key=lambda one: -(one[0] or 0)
    )
    told = [f"{line['kind']}:{line['name']} {_usd(usd)} a day: {line['detail']}" for usd, line in left]
    return _list("Still running", told)


def _cost(report: Report) -> str:
    if not report["resources"]:
        return ""
    cost = report["cost"]
    known = {
        side: all(line["cost_per_day"][side] is not None for line in report["resources"])
        for side in ("before", "after")
    }
    # Every price is known, and yet not every cost: something was not seen.
    unseen = all(known.values()) and not cost["complete"]
    least = {side: "at least " if unseen or not known[side] else "" for side in known}
    day = {side: f"{least[side]}{_usd(cost[f'per_day_{side}'])} a day" for side in known}
    month = {side: f"{least[side]}{_usd(cost[f'per_month_{side}'])} a month of such days" for side in known}
    lines = {
        "stop": [f"Running: {day['before']}, {month['before']}", f"Stopped: {day['after']}"],
        "start": [f"Stopped: {day['before']}", f"Running: {day['after']}, {month['after']}"],
    }.get(report["action"], [f"Running: {day['before']}, {month['before']}", f"Now: {day['after']}"])
    if (saves := cost["saved_per_day"]) >= SMALLEST:
        where = "" if cost["complete"] else ", where both prices are known"
        lines.append(f"Saves {_usd(saves)} for each 24 hours that it stays stopped{where}")
    if report["action"] == "stop" and report["saved"]["total"] >= SMALLEST:
        lines.append(f"Saved so far: {_saved(report)}")
    return _list("Cost", [*lines, f"Prices: {cost['price_source']}"])


def _section(kind: str, report: Report) -> str:
    lines = [line for line in report["resources"] if line["kind"] == kind]
    if not lines:
        return ""
    order = list(RESULTS)
    lines.sort(key=lambda line: (order.index(line["result"]) if line["result"] in order else 99, line["name"]))
    # Those that fared alike are one row: twenty alarms read as one.
    groups: dict[str, list[Line]] = {}
    for line in lines:
        alike = repr([line[field] for field in ("result", "before", "after", "detail", "warnings")])
        groups.setdefault(alike, []).append(line)
    return _list(f"{TITLES.get(kind, kind)} ({len(lines)})", [_row(group) for group in groups.values()])


def _row(group: list[Line]) -> str:
    first = group[0]
    row = f"{first['name']}: " if len(group) == 1 else f"{len(group)} "
    row += f"{_words(first['result'])} | "
    row += first["after"] if first["before"] == first["after"] else f"{first['before']} -> {first['after']}"
    before, after = (_sum([line["cost_per_day"][side] for line in group]) for side in ("before", "after"))
    if before or after:
        row += f" | {' -> '.join(dict.fromkeys(price or _usd(0) for price in (before, after)))} a day"
        row += " together" if len(group) > 1 else ""
    names = [f"    {line['name']}" for line in group] if len(group) > 1 else []
    notes = [f"    ({note})" for note in [first["detail"], *first["warnings"]] if note]
    return "\n".join([row, *names, *notes])


def _sum(prices: list[float | None]) -> str:
    """Of many, those whose price is known cost at least that. Empty: nothing worth a word."""
    known = [price for price in prices if price is not None]
    if not known:
        return _usd(None)
    if len(known) < len(prices):
        return f"at least {_usd(sum(known))}"
    return _usd(sum(known)) if sum(known) >= SMALLEST else ""


def _usd(amount: float | None) -> str:
    return "unknown" if amount is None else f"${amount:.2f}"


def time(written: str) -> datetime:
    """A time as the function writes it. Nanoseconds are more than Python reads."""
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", written))


def _foot(report: Report, place: str | None) -> str:
    began = time(report["started_at"])
    took = ""
    if report["finished_at"]:
        took = f", took {(time(report['finished_at']) - began).total_seconds():.1f} s"
    lines = [f"Began {began:%Y-%m-%d %H:%M:%S} UTC{took}. Operation {report['operation_id']}."]
    return "\n".join([*lines, *([f"Full report: {place}"] if place else [])])


def _list(title: str, items: list[str]) -> str:
    return "\n".join([title, *(f"- {item}" for item in items)]) if items else ""
