"""DynamoDB tables are described as AWS does it."""

from __future__ import annotations

from ..conftest import Account, refused


def test_a_provisioned_table_has_no_billing_mode_summary(account: Account) -> None:
    indexes = [{"name": "i", "read": 2, "write": 1}]
    account.seed(
        tables=[{"name": "p", "billing": "PROVISIONED", "read": 7, "indexes": indexes}, {"name": "o", "items": 2}]
    )
    table = account.dynamodb.describe_table(TableName="p")["Table"]
    assert "BillingModeSummary" not in table
    assert table["ProvisionedThroughput"]["ReadCapacityUnits"] == 7
    assert table["GlobalSecondaryIndexes"][0]["ProvisionedThroughput"]["ReadCapacityUnits"] == 2
    table = account.dynamodb.describe_table(TableName="o")["Table"]
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert (table["ProvisionedThroughput"]["ReadCapacityUnits"], table["ItemCount"]) == (0, 2)
    refused("ResourceNotFoundException", account.dynamodb.describe_table, TableName="none")


def test_a_table_is_as_large_as_its_items(account: Account) -> None:
    account.seed(tables=[{"name": "t", "items": 3}, {"name": "empty"}])
    table = account.dynamodb.describe_table(TableName="t")["Table"]
    # "id" and a digit, three times.
    assert (table["ItemCount"], table["TableSizeBytes"]) == (3, 9)
    assert account.dynamodb.describe_table(TableName="empty")["Table"]["TableSizeBytes"] == 0
