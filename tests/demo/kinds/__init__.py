"""What the demo has and shows of each kind: a file each.

A file may have a `SEED`, what there is of it beside the project that other tests have too, and has `look`, which says in a
few words a resource what the account looks like, through AWS's own APIs. `STOPPED` is what a stop changes of that.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import Any

Looks = dict[tuple[str, str], str]

# In the order in which they are shown; others follow.
FIRST = ("sagemaker", "kinesis", "lambda_", "cloudwatch")


def _kinds() -> list[Any]:
    found = [module.name for module in iter_modules(__path__)]
    return [import_module(f".{name}", __name__) for name in [*FIRST, *sorted({*found} - {*FIRST})]]


def several(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


KINDS = _kinds()
SEEDS: list[dict[str, Any]] = [kind.SEED for kind in KINDS if hasattr(kind, "SEED")]
# What a stop changes, and nothing else.
STOPPED: Looks = {resource: words for kind in KINDS for resource, words in kind.STOPPED.items()}
