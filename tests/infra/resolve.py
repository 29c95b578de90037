"""Prints what the function's role may do under several sets of parameters, every intrinsic resolved.

    python tests/infra/resolve.py

The tests of the function check each of its calls against these policies.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from infra.template import KINDS, TEMPLATE, Stack

SETS: dict[str, dict[str, str]] = {
    "default": {},
    "one kind is not managed": {"KinesisStreams": ""},
    "nothing is managed": {kind.parameter: "" for kind in KINDS},
    "lists of names": {
        "SageMakerEndpoints": "demo-risk,?hop-risk",
        "KinesisStreams": "events",
        "LambdaFunctions": "demo-*,event_processor,worker-??",
        "CloudWatchAlarms": "demo-*,errors [prod]: too many",
        "DynamoDBTables": "demo-*,sessions",
    },
    "exclusions": {"Exclude": "demo-keep-*,demo-audit"},
    "tags": {"TargetTags": "team=ml,stop=nightly", "Exclude": "demo-audit"},
    "no schedules": {"SchedulesEnabled": "false"},
}


def documents(parameters: dict[str, str], template: Path = TEMPLATE) -> dict[str, Any]:
    """Every policy of the function's role, by its name in the template."""
    resources = Stack({"ProjectName": "demo", **parameters}, template).resources()
    role = resources["FunctionRole"]["Properties"]
    if role.get("ManagedPolicyArns"):
        raise NotImplementedError("policies of AWS's own are not resolved here")
    inline = {policy["PolicyName"]: policy["PolicyDocument"] for policy in role["Policies"]}
    return inline | {
        name: resource["Properties"]["PolicyDocument"]
        for name, resource in resources.items()
        if resource["Type"] == "AWS::IAM::ManagedPolicy" and "FunctionRole" in resource["Properties"]["Roles"]
    }


if __name__ == "__main__":
    sets = [{"name": name, "policies": documents(parameters)} for name, parameters in SETS.items()]
    print(json.dumps(sets))
