"""Fills an account from a declarative description of a project.

Each part of the description belongs to a service, which makes its items: the keyword arguments of what makes one are
its fields, and an unknown field is an error that names it. `{account}` in any text stands for the account's id.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from .inside import Inside
from .state import Account


@dataclass
class Seeder(Inside):
    """The account as those see it that make the parts of a description."""

    # What was made, for the test that wants to address it, by part.
    made: dict[str, str] = field(default_factory=dict)


def seed(account: Account, project: dict[str, Any]) -> dict[str, Any]:
    """Create everything that is described; returns what a test needs to address it."""
    project = json.loads(json.dumps(project).replace("{account}", account.id))
    seeder = Seeder(account, project.pop("region", "us-east-1"))
    with account.lock:
        # In the order of the services: alarms notify the topic; mappings read from streams, tables and queues.
        for part, make in ((part, make) for service in account.services for part, make in service.seeds.items()):
            described = project.pop(part, [])
            for item in described if isinstance(described, list) else [described]:
                fields = {"name": item} if isinstance(item, str) else item
                try:
                    made = make(seeder, **fields)
                except Exception as error:
                    raise ValueError(f"{part} {fields.get('name')!r}: {type(error).__name__}: {error}") from error
                if made is not None:
                    seeder.made[part] = made
    if project:
        raise ValueError(f"unknown parts of the description: {', '.join(project)}")
    return {"account": account.id, "region": seeder.region, **seeder.made}
