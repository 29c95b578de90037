"""What more than one test looks at."""

from __future__ import annotations

import re
from typing import Any

import pytest

from .template import ROOT, source, translated


@pytest.fixture
def template() -> dict[str, Any]:
    return source()


@pytest.fixture
def translation() -> dict[str, Any]:
    return translated()


@pytest.fixture
def deploy_section() -> str:
    """The section about deploying in docs/operating.md."""
    operating = (ROOT / "docs" / "operating.md").read_text()
    return operating.partition("\n## Deploy\n")[2].partition("\n## ")[0]


def variables_in_code() -> set[str]:
    """Every environment variable that the function reads: src/config.rs and its settings name them."""
    code = "".join(
        (ROOT / "src" / file).read_text().partition("#[cfg(test)]")[0] for file in ("config.rs", "config/settings.rs")
    )
    named = set(re.findall(r'\.(?:optional|required)\(\s*"([A-Z_]+)"', code))
    listed = set(re.findall(r'name: "([A-Z_]+)"', code))
    assert len(named) >= 8 and named <= listed, "src has changed its form: this reading of it is worth nothing"
    return listed


def permissions_in_code() -> dict[str, set[str]]:
    """The IAM actions of each kind, by its name."""
    found = {}
    for text in _kinds():
        name = re.search(r'name: KindName::new\("(\w+)"\)', text)
        listed = re.search(r"permissions: &\[(.*?)\]", text, re.DOTALL)
        if name and listed:
            found[name[1]] = set(re.findall(r'"([\w-]+:\w+)"', listed[1]))
    assert len(found) >= 5 and all(found.values()), "src has changed its form: this reading of it is worth nothing"
    return found


def titles_in_code() -> dict[str, str]:
    """The title of each kind, by its name."""
    found = [re.search(r'name: KindName::new\("(\w+)"\),\s+title: "(.+?)"', text) for text in _kinds()]
    return {one[1]: one[2] for one in found if one}


def characters_in_code() -> dict[str, str | None]:
    """What the names of each kind have beside letters and digits. `None`: anything."""
    found: dict[str, str | None] = {}
    for text in _kinds():
        name = re.search(r'name: KindName::new\("(\w+)"\)', text)
        have = re.search(r'name_characters: Characters::(?:LettersDigitsAnd\("(.*?)"\)|Printable)', text)
        assert name and have, "src has changed its form: this reading of it is worth nothing"
        found[name[1]] = have[1]
    return found


def _kinds() -> list[str]:
    """The file of each kind that says what the kind is."""
    return [path.read_text() for path in (ROOT / "src" / "kinds").glob("*/mod.rs")]
