"""A function for the host's tests: a process that speaks the Runtime API and does what its event says."""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.error
import urllib.request
from typing import Any

RUNTIME = f"{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime"


def call(url: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Any:
    request = urllib.request.Request(url, body, headers or {})
    return urllib.request.urlopen(request, timeout=60)


def call_aws(service: str, target: str, params: dict[str, Any]) -> Any:
    scope = f"{os.environ['AWS_ACCESS_KEY_ID']}/20260101/{os.environ['AWS_REGION']}/{service}/aws4_request"
    headers = {
        "authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
        "x-amz-target": target,
        "content-type": "application/x-amz-json-1.1",
    }
    return json.load(call(os.environ["AWS_ENDPOINT_URL"], json.dumps(params).encode(), headers))


def act(event: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
    match event.get("do"):
        case "sleep":
            time.sleep(event["seconds"])
        case "exit":
            sys.exit(3)
        case "print":
            print(event["line"], flush=True)
        case "fail":
            raise ValueError("as told")
        case "scale":
            call_aws("kinesis", "Kinesis_20131202.UpdateShardCount", event["params"])
        case "invoke":
            scope = f"{os.environ['AWS_ACCESS_KEY_ID']}/20260101/us-east-1/lambda/aws4_request"
            name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
            url = f"{os.environ['AWS_ENDPOINT_URL']}/2015-03-31/functions/{name}/invocations"
            extra = {
                "authorization": f"AWS4-HMAC-SHA256 Credential={scope}, Signature=0",
                "x-amz-invocation-type": "Event",
            }
            call(url, json.dumps(event).encode(), extra).close()
    return {
        "pid": os.getpid(),
        "environment": sorted(os.environ),
        "greeting": os.environ.get("GREETING"),
        "milliseconds_left": int(headers["lambda-runtime-deadline-ms"]) - int(time.time() * 1000),
        "arn": headers["lambda-runtime-invoked-function-arn"],
    }


if os.environ.get("FAIL_TO_START"):
    sys.exit("no start")
print(json.dumps({"message": "started"}), flush=True)
while True:
    with call(f"{RUNTIME}/invocation/next") as response:
        headers = {key.lower(): value for key, value in response.headers.items()}
        event = json.load(response)
    invocation = f"{RUNTIME}/invocation/{headers['lambda-runtime-aws-request-id']}"
    try:
        answer, outcome = act(event or {}, headers), "response"
    except (ValueError, urllib.error.URLError) as error:
        answer, outcome = {"errorType": type(error).__name__, "errorMessage": str(error)}, "error"
    call(f"{invocation}/{outcome}", json.dumps(answer).encode()).close()
