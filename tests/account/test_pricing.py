"""The account's Price List answers as AWS's does."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError

from .client import HERE
from .conftest import Account, eventually, refused

SERVICES = ["AWSLambda", "AmazonCloudWatch", "AmazonDynamoDB", "AmazonKinesis", "AmazonSageMaker"]
REGIONS = ["us-east-1", "eu-central-1"]


def terms(kind: str = "TERM_MATCH", **filters: str) -> list[dict[str, str]]:
    return [{"Type": kind, "Field": field, "Value": value} for field, value in filters.items()]


def products(account: Account, service: str, region: str = "us-east-1", **filters: str) -> list[dict[str, Any]]:
    answer = account.pricing.get_products(ServiceCode=service, Filters=terms(regionCode=region, **filters))
    assert answer["FormatVersion"] == "aws_v1"
    return [json.loads(product) for product in answer["PriceList"]]


def tiers(product: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    (term,) = product["terms"]["OnDemand"].values()
    dimensions = sorted(term["priceDimensions"].values(), key=lambda d: float(d["beginRange"]))
    return [(d["unit"], d["beginRange"], d["endRange"], d["pricePerUnit"]["USD"]) for d in dimensions]


def attribute(found: list[dict[str, Any]], name: str) -> list[str]:
    return sorted(product["product"]["attributes"][name] for product in found)


class TestPrices:
    """What a program that asks well finds, and what it finds beside it when it does not."""

    @pytest.mark.parametrize(
        ("region", "usagetype", "usd"),
        [
            ("us-east-1", "USE1-Host:ml.m5.large", "0.1150000000"),
            ("eu-central-1", "EUC1-Host:ml.m5.large", "0.1380000000"),
        ],
    )
    def test_an_instance_that_hosts_is_one_product_of_many(
        self, account: Account, region: str, usagetype: str, usd: str
    ) -> None:
        of_instance = products(account, "AmazonSageMaker", region, instanceName="ml.m5.large")
        assert {"Hosting", "Notebook", "Training"} < set(attribute(of_instance, "component"))
        (product,) = products(account, "AmazonSageMaker", region, instanceName="ml.m5.large", component="Hosting")
        assert product["product"]["attributes"]["usagetype"] == usagetype
        assert product["product"]["attributes"]["instanceType"] == "ml.m5.large-Hosting"
        assert tiers(product) == [("Hrs", "0", "Inf", usd)]

    def test_the_concurrency_of_serverless_endpoints_is_priced_by_memory(self, account: Account) -> None:
        found = products(account, "AmazonSageMaker", group="ServerlessProvisionedConcurrency-Usage")
        assert attribute(found, "usagetype") == [f"USE1-ProvisionedConcurrency:Usage-{gb}GB" for gb in range(1, 7)]

    @pytest.mark.parametrize(
        ("usagetype", "unit", "usd", "frankfurt"),
        [
            ("Storage-ShardHour", "ShardHour", "0.0150000000", "0.0180000000"),
            ("Extended-ShardHour", "ShardHour", "0.0200000000", "0.0240000000"),
            ("EnhancedFanoutHour", "ConsumerShardHour", "0.0150000000", "0.0180000000"),
            ("OnDemand-StreamHour", "StreamHr", "0.0400000000", "0.0480000000"),
        ],
    )
    def test_usage_types_of_streams_have_a_prefix_but_in_us_east_1(
        self, account: Account, usagetype: str, unit: str, usd: str, frankfurt: str
    ) -> None:
        (product,) = products(account, "AmazonKinesis", usagetype=usagetype)
        assert tiers(product) == [(unit, "0", "Inf", usd)]
        assert products(account, "AmazonKinesis", "eu-central-1", usagetype=usagetype) == []
        (product,) = products(account, "AmazonKinesis", "eu-central-1", usagetype=f"EUC1-{usagetype}")
        assert tiers(product) == [(unit, "0", "Inf", frankfurt)]

    def test_a_group_of_on_demand_streams_is_more_than_their_hours(self, account: Account) -> None:
        assert len(products(account, "AmazonKinesis", group="OnDemand")) == 6

    @pytest.mark.parametrize("region", REGIONS)
    @pytest.mark.parametrize(("suffix", "usd"), [("", "0.0000041667"), ("-ARM", "0.0000033334")])
    def test_provisioned_concurrency_has_one_price_and_duration_has_tiers(
        self, account: Account, region: str, suffix: str, usd: str
    ) -> None:
        group = f"AWS-Lambda-Provisioned-Concurrency{suffix}"
        (product,) = products(account, "AWSLambda", region, group=group)
        assert tiers(product) == [("Lambda-GB-Second", "0", "Inf", usd)]
        (product,) = products(account, "AWSLambda", region, group=f"AWS-Lambda-Duration{suffix}")
        assert len(tiers(product)) == 3

    def test_alarms_of_all_kinds_are_one_family(self, account: Account) -> None:
        found = products(account, "AmazonCloudWatch", productFamily="Alarm")
        prices = {p["product"]["attributes"]["usagetype"]: tiers(p) for p in found}
        assert prices == {
            "CW:AlarmMonitorUsage": [("Alarms", "0", "Inf", "0.1000000000")],
            "CW:HighResAlarmMonitorUsage": [("Alarms", "0", "Inf", "0.3000000000")],
            "CW:CompositeAlarmMonitorUsage": [("Alarms", "0", "Inf", "0.5000000000")],
            "CW:MetricInsightAlarmUsage": [("Alarms", "0", "Inf", "0.1000000000")],
        }

    @pytest.mark.parametrize(
        ("side", "usd", "infrequent"),
        [("Read", "0.0001300000", "0.0001600000"), ("Write", "0.0006500000", "0.0008100000")],
    )
    def test_capacity_units_have_a_free_tier_and_share_their_group_with_requests(
        self, account: Account, side: str, usd: str, infrequent: str
    ) -> None:
        group, unit = f"DDB-{side}Units", f"{side}CapacityUnit-Hrs"
        assert attribute(products(account, "AmazonDynamoDB", group=group), "usagetype") == [unit, f"{side}RequestUnits"]
        (product,) = products(account, "AmazonDynamoDB", group=group, productFamily="Provisioned IOPS")
        assert tiers(product) == [(unit, "0", "18600", "0.0000000000"), (unit, "18600", "Inf", usd)]
        assert set(product["terms"]) == {"OnDemand", "Reserved"}
        (product,) = products(account, "AmazonDynamoDB", group=f"{group}IA", productFamily="Provisioned IOPS")
        assert tiers(product) == [(unit, "0", "Inf", infrequent)]

    @pytest.mark.parametrize("service", SERVICES)
    def test_every_product_has_the_shape_of_awss_answers(self, service: str) -> None:
        prices = json.loads((HERE / "prices" / f"{service}.json").read_text())
        assert set(prices["as_of"]) == set(REGIONS)
        skus = [product["product"]["sku"] for product in prices["products"]]
        assert len(skus) == len(set(skus))
        for product in prices["products"]:
            assert set(product) == {"product", "serviceCode", "terms", "version", "publicationDate"}
            assert {type(value) for value in product["product"]["attributes"].values()} == {str}
            sku = product["product"]["sku"]
            for term in (term for kind in product["terms"].values() for term in kind.items()):
                assert term[0] == f"{sku}.{term[1]['offerTermCode']}"
                for code, dimension in term[1]["priceDimensions"].items():
                    assert code == dimension["rateCode"] and code.startswith(term[0])
                    assert float(dimension["pricePerUnit"]["USD"]) >= 0


class TestGetProducts:
    def test_all_filters_must_match_and_none_that_does_is_no_error(self, account: Account) -> None:
        both = products(account, "AmazonKinesis", group="OnDemand", operation="OnDemandStreamHr")
        assert attribute(both, "usagetype") == ["OnDemand-StreamHour"]
        assert products(account, "AmazonKinesis", "eu-west-1") == []
        assert products(account, "AmazonKinesis", group="ondemand") == []

    @pytest.mark.parametrize(
        ("kind", "value", "count"),
        [("TERM_MATCH", "Training", 3), ("EQUALS", "Training", 3), ("CONTAINS", "rain", 3),
         ("ANY_OF", "Training,Notebook", 6), ("TERM_MATCH", "rain", 0)],
    )  # fmt: skip
    def test_a_filter_compares_as_its_type_says(self, account: Account, kind: str, value: str, count: int) -> None:
        filters = terms(kind, component=value) + terms(regionCode="us-east-1")
        answer = account.pricing.get_products(ServiceCode="AmazonSageMaker", Filters=filters)
        assert len(answer["PriceList"]) == count

    def test_none_of_its_values_is_a_filter_too(self, account: Account) -> None:
        filters = terms("NONE_OF", regionCode="us-east-1,eu-central-1")
        (product,) = account.pricing.get_products(ServiceCode="AmazonCloudWatch", Filters=filters)["PriceList"]
        assert json.loads(product)["product"]["attributes"]["usagetype"] == "DashboardsUsageHour"

    def test_a_page_has_at_most_100_products_or_what_was_asked_for(self, account: Account) -> None:
        every = json.loads((HERE / "prices" / "AmazonSageMaker.json").read_text())["products"]
        first = account.pricing.get_products(ServiceCode="AmazonSageMaker")
        assert len(first["PriceList"]) == 100 < len(every)
        rest = account.pricing.get_products(ServiceCode="AmazonSageMaker", NextToken=first["NextToken"])
        assert "NextToken" not in rest
        found = [json.loads(text) for text in first["PriceList"] + rest["PriceList"]]
        assert found == every
        pages = account.pricing.get_paginator("get_products").paginate(
            ServiceCode="AmazonKinesis", Filters=terms(regionCode="us-east-1"), PaginationConfig={"PageSize": 5}
        )
        assert [len(page["PriceList"]) for page in pages] == [5, 5, 3]

    @pytest.mark.parametrize(
        ("message", "params"),
        [
            ("Invalid ServiceCode", {"ServiceCode": "AmazonNothing"}),
            ("can only contain", {"ServiceCode": "Amazon Kinesis"}),
            ("can only contain", {"ServiceCode": "../demo_project"}),
            ("cannot be null or empty", {"ServiceCode": ""}),
            ("FormatVersion", {"ServiceCode": "AmazonKinesis", "FormatVersion": "aws_v2"}),
            ("Filter", {"ServiceCode": "AmazonKinesis", "Filters": terms("LIKE", group="x")}),
            ("MaxResults", {"ServiceCode": "AmazonKinesis", "MaxResults": 101}),
        ],
    )
    def test_a_wrong_request_is_refused(self, account: Account, message: str, params: dict[str, Any]) -> None:
        assert message in refused("InvalidParameterException", account.pricing.get_products, **params)

    def test_a_wrong_token_is_refused(self, account: Account) -> None:
        ask = {"ServiceCode": "AmazonKinesis", "NextToken": "x"}
        refused("InvalidNextTokenException", account.pricing.get_products, **ask)

    @pytest.mark.parametrize("region", ["us-east-1", "eu-central-1", "ap-south-1"])
    def test_every_endpoint_has_the_prices_of_all_regions(self, account: Account, region: str) -> None:
        filters = terms(productFamily="Alarm")
        answer = account.client("pricing", region).get_products(ServiceCode="AmazonCloudWatch", Filters=filters)
        regions = {json.loads(text)["product"]["attributes"]["regionCode"] for text in answer["PriceList"]}
        assert regions == set(REGIONS)

    def test_other_regions_have_no_endpoint(self, account: Account) -> None:
        with pytest.raises(BotoCoreError):
            account.client("pricing", "eu-west-1").get_products(ServiceCode="AmazonKinesis")
        assert account.calls()[-1]["error"] == "NoEndpoint"

    def test_a_call_is_logged_by_its_service_code_and_changes_nothing(self, account: Account) -> None:
        products(account, "AmazonKinesis")
        assert account.calls() == [
            {"n": 1, "service": "pricing", "operation": "GetProducts", "resource": "AmazonKinesis", "mutating": False,
             "status": 200, "error": None}
        ]  # fmt: skip

    def test_faults_reach_it(self, account: Account) -> None:
        denied = {"status": 400, "code": "AccessDeniedException", "message": "no"}
        account.fault(service="pricing", resource="AmazonKinesis", error=denied)
        assert products(account, "AWSLambda")
        assert refused("AccessDeniedException", account.pricing.get_products, ServiceCode="AmazonKinesis") == "no"
        account.fault(service="pricing", drop="before")
        with pytest.raises(BotoCoreError):
            products(account, "AmazonKinesis")
        account.fault(service="pricing", held=True)
        with ThreadPoolExecutor(1) as pool:
            held = pool.submit(products, account, "AmazonKinesis")
            eventually(lambda: len(account.calls()) == 4)
            assert not held.done()
            account.control("DELETE", "holds/calls")
            assert held.result(10)
        assert [call["error"] for call in account.calls()] == [None, "AccessDeniedException", "Dropped", None]
