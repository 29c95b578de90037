"""What `sam deploy --guided` wrote down in infra/samconfig.toml: which stack, where, and its parameters."""

from __future__ import annotations

import re
import shlex
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .aws import Failed

SAMCONFIG = Path(__file__).resolve().parents[1] / "samconfig.toml"


@dataclass(frozen=True)
class Saved:
    """One of the file's environments. All of it is empty before the first deployment."""

    is_there: bool = False
    stack: str | None = None
    region: str | None = None
    parameters: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, environment: str) -> Saved:
        if not SAMCONFIG.exists():
            return cls()
        try:
            file = tomllib.loads(SAMCONFIG.read_text())
        except tomllib.TOMLDecodeError as error:
            raise Failed(f"{SAMCONFIG} cannot be read: {error}") from None
        section: dict[str, Any] = file.get(environment, {})
        deploy: dict[str, Any] = section.get("deploy", {}).get("parameters", {})
        known = section.get("global", {}).get("parameters", {}) | deploy
        return cls(
            "parameters" in section.get("deploy", {}),
            known.get("stack_name"),
            known.get("region"),
            _parameters(known.get("parameter_overrides", "")),
        )


def _parameters(written: str | list[str]) -> dict[str, str]:
    """`Name="value"` as SAM writes it, in one text or a list; or `ParameterKey=Name,ParameterValue=value`."""
    words = [word for text in ([written] if isinstance(written, str) else written) for word in shlex.split(text)]
    found = {}
    for word in words:
        if pair := re.fullmatch(r"ParameterKey=([^,]+),ParameterValue=(.*)", word, re.DOTALL):
            found[pair[1]] = pair[2]
        else:
            name, _, value = word.partition("=")
            found[name] = value
    return found
