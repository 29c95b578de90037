"""DynamoDB: moto's, but for what DescribeTable leaves out.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BillingModeSummary.html: a table that was always
provisioned has no summary.
"""

from __future__ import annotations

from typing import Any

from . import moto_bridge
from .protocols import Call, Handlers


def describe_table(call: Call) -> dict[str, Any]:
    answer = moto_bridge.decode(call.forward())
    if answer["Table"].get("BillingModeSummary", {}).get("BillingMode") == "PROVISIONED":
        del answer["Table"]["BillingModeSummary"]
    return answer


HANDLERS: Handlers = {"DescribeTable": describe_table}
