"""Alarms, counted: there are many."""

from __future__ import annotations

from account.client import Client

from . import Looks

STOPPED: Looks = {("alarms", "of the project"): "0 of 10 would notify"}


def look(account: Client, project: str) -> Looks:
    described = account.client("cloudwatch").describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    alarms, seen = described["MetricAlarms"] + described["CompositeAlarms"], {}
    for whose, names in (("of the project", True), ("of others", False)):
        ours = [alarm for alarm in alarms if alarm["AlarmName"].startswith(f"{project}-") == names]
        seen["alarms", whose] = f"{sum(alarm['ActionsEnabled'] for alarm in ours)} of {len(ours)} would notify"
    return seen
