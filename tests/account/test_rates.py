"""Calls beyond the rates are throttled as AWS does it."""

from __future__ import annotations

import time

import pytest
from botocore.exceptions import ClientError

from .conftest import Account, refused

# What the Rust SDK treats as throttling, of the codes in use here:
# https://docs.rs/aws-runtime/latest/aws_runtime/retries/classifiers/constant.THROTTLING_ERRORS.html
THROTTLING_CODES = {"Throttling", "ThrottlingException", "ThrottledException", "TooManyRequestsException",
                    "LimitExceededException", "RequestThrottled", "SlowDown"}  # fmt: skip


def test_a_rate_that_is_exceeded_throttles(account: Account) -> None:
    account.control("PUT", "rates", {"lambda": 2, "cloudwatch.DescribeAlarms": 1})
    for _ in range(2):
        account.lambda_.list_functions()
    refused("TooManyRequestsException", account.lambda_.get_account_settings)
    account.cloudwatch.describe_alarms()
    refused("Throttling", account.cloudwatch.describe_alarms)
    account.cloudwatch.enable_alarm_actions(AlarmNames=[])


@pytest.mark.parametrize(
    ("service", "operation", "params"),
    [
        ("autoscaling", "describe_scalable_targets", {"ServiceNamespace": "sagemaker"}),
        ("cloudwatch", "describe_alarms", {}),
        ("dynamodb", "list_tables", {}),
        ("kinesis", "list_streams", {}),
        ("lambda_", "list_functions", {}),
        ("pricing", "get_products", {"ServiceCode": "AmazonKinesis"}),
        ("resourcegroupstaggingapi", "get_resources", {}),
        ("s3", "list_buckets", {}),
        ("sagemaker", "list_endpoints", {}),
        ("sns", "list_topics", {}),
        ("sqs", "list_queues", {}),
    ],
)
def test_every_service_throttles_with_a_code_that_sdks_try_again(
    account: Account, service: str, operation: str, params: dict
) -> None:
    call = getattr(getattr(account, service), operation)
    call(**params)
    account.control("PUT", "rates", {account.calls()[0]["service"]: {"rate": 0.001, "burst": 1}})
    call(**params)
    with pytest.raises(ClientError) as raised:
        call(**params)
    code = raised.value.response["Error"]["Code"]
    assert code in THROTTLING_CODES
    assert [entry["error"] for entry in account.calls()] == [None, None, code]
    assert account.calls()[2]["status"] == raised.value.response["ResponseMetadata"]["HTTPStatusCode"] >= 400


def test_a_bucket_holds_its_burst_and_fills_at_its_rate(account: Account) -> None:
    account.control("PUT", "rates", {"pricing": {"rate": 20, "burst": 3}})
    ask = {"ServiceCode": "AWSLambda", "MaxResults": 1}
    started, passed = time.monotonic(), 0
    while time.monotonic() - started < 0.5:
        try:
            account.pricing.get_products(**ask)
            passed += 1
        except ClientError:
            time.sleep(0.005)
    assert 3 + 7 <= passed <= 3 + 20 * (time.monotonic() - started)


def test_awss_rates_are_a_preset_that_can_be_changed(account: Account) -> None:
    rates = account.control("PUT", "rates", {"preset": "aws", "lambda": 2, "pricing": None, "kinesis": 7})
    assert "pricing" not in rates
    assert (rates["lambda"]["rate"], rates["kinesis"]["rate"]) == (2, 7)
    assert account.control("PUT", "rates", {"preset": "aws"})["pricing"] == {"rate": 5, "burst": 10}
    account.seed(functions=[{"name": "f"}])
    for _ in range(15):
        account.lambda_.list_functions()
    for _ in range(16):  # GetFunction has a limit of its own, of 100
        account.lambda_.get_function(FunctionName="f")
    for _ in range(3):
        account.cloudwatch.disable_alarm_actions(AlarmNames=[])
    refused("Throttling", account.cloudwatch.disable_alarm_actions, AlarmNames=[])
    account.kinesis.describe_limits()
    refused("LimitExceededException", account.kinesis.describe_limits)
    assert account.control("PUT", "rates", {}) == {}
    account.kinesis.describe_limits()


def test_getting_a_function_has_a_limit_of_its_own_and_invoking_it_has_none(account: Account) -> None:
    account.control("PUT", "functions/f", {"command": ["true"]})
    account.control("PUT", "rates", {"lambda": 1, "lambda.GetFunction": 2})
    account.lambda_.list_functions()
    for _ in range(2):
        account.lambda_.get_function(FunctionName="f")
    refused("TooManyRequestsException", account.lambda_.get_function, FunctionName="f")
    for _ in range(3):
        account.lambda_.invoke(FunctionName="f", InvocationType="DryRun")


def test_the_consumers_of_each_stream_have_a_limit_of_their_own(account: Account) -> None:
    account.seed(streams=[{"name": "a"}, {"name": "b"}])
    a, b = (f"arn:aws:kinesis:us-east-1:{account.id}:stream/{name}" for name in "ab")
    account.control("PUT", "rates", {"kinesis.ListStreamConsumers": 1})
    account.kinesis.list_stream_consumers(StreamARN=a)
    account.kinesis.list_stream_consumers(StreamARN=b)
    refused("LimitExceededException", account.kinesis.list_stream_consumers, StreamARN=a)


@pytest.mark.parametrize(
    "rates", [{"lamda": 1}, {"preset": "aws2"}, {"sns": {"burst": 2}}, {"sns": {"rate": 1, "of": 2}}]
)
def test_a_wrong_rate_is_refused(account: Account, rates: dict) -> None:
    with pytest.raises(ValueError, match=r"lamda: no such|aws2|KeyError: 'rate'|no of"):
        account.control("PUT", "rates", rates)
