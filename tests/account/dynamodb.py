"""DynamoDB: moto's, but for what DescribeTable tells otherwise.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BillingModeSummary.html: a table that was always
provisioned has no summary. Its size is that of its items (moto says 0), which AWS counts about every six hours.
"""

from __future__ import annotations

from typing import Any

from . import moto_bridge
from .protocols import Call, Handlers


def describe_table(call: Call) -> dict[str, Any]:
    answer = moto_bridge.decode(call.forward())
    table = moto_bridge.backend("dynamodb", call.account.id, call.region).tables[answer["Table"]["TableName"]]
    answer["Table"]["TableSizeBytes"] = sum(item.size() for item in table.all_items())
    if answer["Table"].get("BillingModeSummary", {}).get("BillingMode") == "PROVISIONED":
        del answer["Table"]["BillingModeSummary"]
    return answer


HANDLERS: Handlers = {"DescribeTable": describe_table}
