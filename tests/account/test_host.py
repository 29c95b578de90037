"""Functions that are real processes: invoked, timed out, killed and tried again as Lambda does it."""

from __future__ import annotations

import json
import os
import sys
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from .client import HERE, serving
from .conftest import Account, eventually, refused

COMMAND = [sys.executable, "-S", str(HERE / "runtime_for_tests.py")]


def register(account: Account, **spec: Any) -> None:
    account.settings(async_retry_seconds=0.05)
    account.register("f", **{"command": COMMAND, **spec})


def invoke(account: Account, **event: Any) -> Any:
    """The function's answer, or its error."""
    answer = account.lambda_.invoke(FunctionName="f", Payload=json.dumps(event))
    payload = json.load(answer["Payload"])
    assert ("FunctionError" in answer) == ("errorType" in payload)
    return payload


def invoke_async(account: Account, **event: Any) -> None:
    answer = account.lambda_.invoke(FunctionName="f", InvocationType="Event", Payload=json.dumps(event))
    assert answer["StatusCode"] == 202


def invocations(account: Account) -> list[Any]:
    assert account.control("POST", "idle", {"timeout_seconds": 10}) == {"idle": True}
    return account.control("GET", "invocations")


def test_a_process_answers_with_lambdas_environment_and_no_other(account: Account) -> None:
    register(account, environment={"GREETING": "hello"}, timeout_seconds=60)
    answer = invoke(account)
    assert answer["greeting"] == "hello"
    assert 50_000 < answer["milliseconds_left"] <= 60_000
    assert answer["arn"] == f"arn:aws:lambda:us-east-1:{account.id}:function:f"
    foreign = {name for name in answer["environment"] if not name.startswith("AWS_")}
    assert foreign <= {"GREETING", "PATH", "LC_CTYPE"}
    assert account.control("GET", "logs") == ['{"message": "started"}']
    assert [f["FunctionName"] for f in account.lambda_.list_functions()["Functions"]] == ["f"]


def test_an_idle_process_is_used_again_and_a_busy_one_is_not(account: Account) -> None:
    register(account)
    first = invoke(account)["pid"]
    assert invoke(account)["pid"] == first
    with ThreadPoolExecutor(2) as pool:
        pids = [answer["pid"] for answer in pool.map(lambda _: invoke(account, do="sleep", seconds=0.3), range(2))]
    assert len(set(pids)) == 2
    assert first in pids


def test_an_error_of_the_function_is_its_answer(account: Account) -> None:
    register(account)
    assert invoke(account, do="fail") == {"errorType": "ValueError", "errorMessage": "as told"}


def test_a_process_that_ends_is_a_runtime_exit(account: Account) -> None:
    register(account)
    answer = invoke(account, do="exit")
    assert answer["errorType"] == "Runtime.ExitError"
    assert answer["errorMessage"].endswith("Error: Runtime exited with error: exit status 3")
    register(account, environment={"FAIL_TO_START": "1"})
    assert invoke(account)["errorType"] == "Runtime.ExitError"
    assert account.control("GET", "logs")[-1] == "no start"


def test_a_time_out_kills_the_process(account: Account) -> None:
    register(account, timeout_seconds=0.3)
    pid = invoke(account)["pid"]
    answer = invoke(account, do="sleep", seconds=30)
    assert answer["errorType"] == "Sandbox.Timedout"
    assert "Task timed out after 0.30 seconds" in answer["errorMessage"]
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert invoke(account)["pid"] != pid


def test_an_asynchronous_invocation_is_tried_twice_more_with_the_same_request_id(account: Account) -> None:
    register(account)
    invoke_async(account, do="fail")
    invoke_async(account)
    failed, good = invocations(account)
    assert [attempt["outcome"] for attempt in failed["attempts"]] == ["error"] * 3
    assert [attempt["outcome"] for attempt in good["attempts"]] == ["success"]
    assert (failed["type"], failed["payload"], failed["done"]) == ("Event", {"do": "fail"}, True)


def test_a_payload_has_its_limit(account: Account) -> None:
    register(account)
    refused(
        "RequestEntityTooLargeException", account.lambda_.invoke,
        FunctionName="f", InvocationType="Event", Payload=b'"' + b"x" * 1024 * 1024 + b'"',
    )  # fmt: skip


def test_reserved_concurrency_throttles(account: Account) -> None:
    register(account)
    account.lambda_.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=0)
    refused("TooManyRequestsException", account.lambda_.invoke, FunctionName="f")
    invoke_async(account)
    assert [attempt["outcome"] for attempt in invocations(account)[0]["attempts"]] == ["Throttled"]


def test_events_wait_while_the_reserved_concurrency_is_used_up(account: Account) -> None:
    register(account)
    account.lambda_.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=1)
    for _ in range(3):
        invoke_async(account, do="sleep", seconds=0.1)
    eventually(lambda: account.control("GET", "logs"))
    refused("TooManyRequestsException", account.lambda_.invoke, FunctionName="f")
    assert len({i["attempts"][0]["response"]["pid"] for i in invocations(account)}) == 1


def test_a_function_that_invokes_itself_for_ever_is_stopped(account: Account) -> None:
    register(account)
    invoke_async(account, do="invoke")
    seen = eventually(lambda: len(invocations(account)) == 17 and invocations(account))
    assert [i["attempts"][0]["outcome"] for i in seen] == ["success"] * 16 + ["RecursiveLoop"]


@pytest.mark.parametrize(("when", "status"), [("before", "ACTIVE"), ("after", "UPDATING")])
def test_a_process_is_killed_before_or_after_its_call(account: Account, when: str, status: str) -> None:
    register(account)
    account.seed(streams=[{"name": "s", "shards": 2}])
    account.fault(mutating_only=True, kill=when, service="kinesis")
    answer = invoke(
        account, do="scale", params={"StreamName": "s", "TargetShardCount": 1, "ScalingType": "UNIFORM_SCALING"}
    )
    assert answer["errorType"] == "Runtime.ExitError"
    assert answer["errorMessage"].endswith("Error: Runtime exited with error: signal: killed")
    summary = account.kinesis.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]
    assert summary["StreamStatus"] == status
    assert [call["error"] for call in account.calls() if call["operation"] == "UpdateShardCount"] == ["Killed"]


def test_a_request_id_can_be_delivered_twice(account: Account) -> None:
    register(account)
    for _ in range(2):
        request = urllib.request.Request(
            f"{account.endpoint}/2015-03-31/functions/f/invocations",
            b"{}",
            {
                "authorization": f"AWS4-HMAC-SHA256 Credential=AKIA{account.id}/20260101/us-east-1/lambda/aws4_request",
                "x-request-id-override": "again",
            },
        )
        urllib.request.urlopen(request, timeout=10).close()
    assert [i["request_id"] for i in invocations(account)] == ["again", "again"]


def test_an_invocation_can_be_forwarded(account: Account, endpoint: str) -> None:
    account.control("PUT", "functions/f", {"forward": f"{endpoint}/_account/{account.id}/nowhere"})
    assert "nowhere" in account.lambda_.invoke(FunctionName="f", Payload=b"{}")["Payload"].read().decode()


def test_no_process_outlives_the_server() -> None:
    with serving() as endpoint:
        account = Account(endpoint)
        register(account)
        pid = invoke(account)["pid"]
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
