"""DynamoDB: moto's, but for what DescribeTable tells otherwise.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BillingModeSummary.html: a table that was always
provisioned has no summary. Its size is that of its items (moto says 0), which AWS counts about every six hours.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .. import moto_bridge
from ..inside import Inside
from ..seed import Seeder
from ..service import Ask, Call, Scalable, Service
from ..tags import Tags, in_order, pairs


def describe_table(call: Call) -> dict[str, Any]:
    answer = moto_bridge.decode(call.forward())
    table = moto_bridge.backend("dynamodb", call.account.id, call.region).tables[answer["Table"]["TableName"]]
    answer["Table"]["TableSizeBytes"] = sum(item.size() for item in table.all_items())
    if answer["Table"].get("BillingModeSummary", {}).get("BillingMode") == "PROVISIONED":
        del answer["Table"]["BillingModeSummary"]
    return answer


def seed_table(
    seeder: Seeder,
    *,
    name: str,
    billing: str = "PAY_PER_REQUEST",
    read: int = 5,
    write: int = 5,
    indexes: list[dict[str, Any]] | None = None,
    items: int = 0,
    tags: Tags | None = None,
) -> None:
    def throughput(read: int, write: int) -> dict[str, Any]:
        if billing != "PROVISIONED":
            return {}
        return {"ProvisionedThroughput": {"ReadCapacityUnits": read, "WriteCapacityUnits": write}}

    key = {"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]}
    params: dict[str, Any] = {
        "TableName": name,
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "BillingMode": billing,
        "Tags": pairs(tags),
        **key,
        **throughput(read, write),
    }
    if indexes:
        params["GlobalSecondaryIndexes"] = [
            {"IndexName": i["name"], "Projection": {"ProjectionType": "ALL"}, **key}
            | throughput(i.get("read", read), i.get("write", write))
            for i in indexes
        ]
    seeder.call("dynamodb", "CreateTable", **params)
    for number in range(items):
        seeder.call("dynamodb", "PutItem", TableName=name, Item={"id": {"S": str(number)}})


def stream_of(inside: Inside, table: str) -> str:
    """The ARN of the table's stream, which it has from now on."""
    specification = {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
    inside.call("dynamodb", "UpdateTable", TableName=table, StreamSpecification=specification)
    return inside.call("dynamodb", "DescribeTable", TableName=table)["Table"]["LatestStreamArn"]


def picture(inside: Inside) -> dict[str, Any]:
    result = {}
    for name in sorted(inside.call("dynamodb", "ListTables")["TableNames"]):
        table = inside.call("dynamodb", "DescribeTable", TableName=name)["Table"]
        throughput = table["ProvisionedThroughput"]
        result[name] = {
            "billing": table.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED"),
            "status": table["TableStatus"],
            "read": throughput["ReadCapacityUnits"],
            "write": throughput["WriteCapacityUnits"],
            "indexes": sorted(index["IndexName"] for index in table.get("GlobalSecondaryIndexes", [])),
            "items": table["ItemCount"],
            "tags": in_order(inside.call("dynamodb", "ListTagsOfResource", ResourceArn=table["TableArn"])["Tags"]),
        }
    return {"tables": result}


def tagged(inside: Inside) -> Iterator[tuple[str, Tags]]:
    for table in inside.backend("dynamodb").tables.values():
        yield table.table_arn, in_order(table.tags or [])


def asks(call: Call) -> list[Ask]:
    return [call.ask(f"table/{call.resource}" if call.resource else "any")]


SERVICE = Service(
    "dynamodb",
    handlers={"DescribeTable": describe_table},
    target=("DynamoDB_20120810", "application/x-amz-json-1.0"),
    names=("TableName",),
    seeds={"tables": seed_table},
    picture=picture,
    tagged=tagged,
    asks=asks,
    scalable=Scalable("DynamoDBTable", ("AWS/DynamoDB", "ConsumedReadCapacityUnits")),
)
