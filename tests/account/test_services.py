"""The account knows its kinds through one list only."""

from __future__ import annotations

import re

import pytest

from .client import HERE
from .kinds import KINDS
from .services import SERVICES

# A kind is a file, or a folder where that would be a long one.
FILES = {file.stem for file in (HERE / "kinds").iterdir() if not file.stem.startswith(("__", "test_"))}
# What is no kind and imports one: scaling policies have alarms.
ALLOWED = {("autoscaling", "cloudwatch")}


def test_every_file_of_a_kind_is_in_the_list() -> None:
    assert sorted(kind.name for kind in KINDS) == sorted(file.rstrip("_") for file in FILES)


def test_nothing_outside_the_kinds_names_one() -> None:
    named = set()
    for file in HERE.glob("*.py"):
        if "test" in file.stem:
            continue
        code = file.read_text()
        imported = re.findall(r"^from \.kinds(?:\.| import )(.*)$", code, re.M)
        named |= {(file.stem, kind.strip()) for line in imported for kind in line.split(",")}
        named |= {(file.stem, kind.name) for kind in KINDS if f'"{kind.name}"' in code}
    assert named == ALLOWED | {("services", "KINDS")}


@pytest.mark.parametrize("what", ["settings", "seeds", "commands"])
def test_no_two_services_claim_the_same(what: str) -> None:
    claimed = [name for service in SERVICES for name in getattr(service, what)]
    assert len(claimed) == len(set(claimed))
