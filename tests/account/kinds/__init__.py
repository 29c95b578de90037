"""The kinds of resources: all that the account knows of one stands in its file, or in its folder.

In the order in which a seed makes them: mappings read from streams and tables, and alarms come last.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from ..service import Service

FIRST, LAST = ("kinesis", "dynamodb"), ("cloudwatch",)


def _kinds() -> tuple[Service, ...]:
    found = [module.name for module in iter_modules(__path__) if not module.name.startswith("test_")]
    between = sorted({*found} - {*FIRST, *LAST})
    return tuple(import_module(f".{name}", __name__).SERVICE for name in (*FIRST, *between, *LAST))


KINDS = _kinds()
