"""A report as a person reads it, in the words of the e-mails (src/report/text.rs): a test compares the two."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

Report = dict[str, Any]
Line = dict[str, Any]

# Less than half a cent is not worth a word.
SMALLEST = 0.005
# A month is one of 730 hours.
DAYS = 730 / 24

TITLES = {
    "sagemaker": "SageMaker endpoints",
    "kinesis": "Kinesis streams",
    "lambda": "Lambda functions",
    "cloudwatch": "CloudWatch alarms",
    "dynamodb": "DynamoDB tables",
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
    parts = [_head(report), _attention(report), _cost(report)]
    kinds = dict.fromkeys([*TITLES, *(line["kind"] for line in report["resources"])])
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
    if report.get("reason"):
        lines.append(f"Reason: {report['reason']}")
    return "\n".join(lines)


def _attention(report: Report) -> str:
    """What a person has to do something about, before anything else."""
    problems = list(report["errors"])
    if report["action"] != "status":
        problems += [
            f"{line['kind']}:{line['name']} {_words(line['result'])}: {line['detail']}"
            for line in report["resources"]
            if line["result"] in ("failed", "pending")
        ]
    listed = _list("Why" if report["outcome"] == "skipped" else "Needs attention", problems)
    taken_over = any(error.startswith("a newer ") for error in report["errors"])
    if not listed or taken_over or report["outcome"] not in ("partial", "failed"):
        return listed
    done = "ask again" if report["action"] == "status" else "go on from here"
    lost = "" if report["action"] == "status" else "Nothing is lost. "
    return f"{listed}\n{lost}When the cause is dealt with, {done} with\nmake {report['action']}"


def _cost(report: Report) -> str:
    if not report["resources"]:
        return ""
    cost = report["cost"]
    least = {
        side: "" if all(line["cost_per_day"][side] is not None for line in report["resources"]) else "at least "
        for side in ("before", "after")
    }
    titles = ("When running", "Now") if report["action"] == "status" else ("Before", "After")
    lines = [
        f"{title}: {least[side]}{_usd(cost[f'per_day_{side}'])} a day, "
        f"{least[side]}{_usd(cost[f'per_month_{side}'])} a month"
        for title, side in zip(titles, ("before", "after"), strict=True)
    ]
    if (saves := cost["saved_per_day"]) >= SMALLEST:
        known = "" if cost["complete"] else ", where both prices are known"
        lines.append(f"Saves {_usd(saves)} a day, {_usd(saves * DAYS)} a month{known}")
    saved = report["saved"]
    if saved["total"] >= SMALLEST:
        sums = {"this_stop": "this stop", "month_to_date": "this month", "total": "in all"}
        lines.append("Saved so far: " + ", ".join(f"{_usd(saved[name])} {words}" for name, words in sums.items()))
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
    before, after = (_sum(line["cost_per_day"][side] for line in group) for side in ("before", "after"))
    if max(1 if price is None else price for price in (before, after)) >= SMALLEST:
        prices = list(dict.fromkeys([_usd(before), _usd(after)]))
        row += f" | {' -> '.join(prices)} a day" + (" together" if len(group) > 1 else "")
    names = [f"    {line['name']}" for line in group] if len(group) > 1 else []
    notes = [f"    ({note})" for note in [first["detail"], *first["warnings"]] if note]
    return "\n".join([row, *names, *notes])


def _sum(prices: Iterable[float | None]) -> float | None:
    known = list(prices)
    return None if None in known else sum(price for price in known if price)


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
