"""From a request to a call (service, operation, parameters), and from a result to a response, over all protocols."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, unquote
from xml.sax.saxutils import escape

from . import cbor, moto_bridge
from .messages import AwsError, Request, Response
from .service import Call, Service
from .state import Account

CREDENTIAL = re.compile(
    r"Credential=AKIA(?P<account>\d{12})(?:P(?P<process>\d+))?[^/]*/\d+/(?P<region>[^/]+)/(?P<service>[^/]+)/"
)
REQUEST_ID = "00000000-0000-0000-0000-000000000000"


@dataclass
class Caller:
    """Who signed a request, for which service and region."""

    account_id: str
    process: int | None
    region: str
    service: str


def caller_of(request: Request) -> Caller:
    """The signature names account, region and service; without one of the account's keys nothing is answered."""
    match = CREDENTIAL.search(request.headers.get("authorization", ""))
    if not match:
        raise AwsError("UnrecognizedClientException", "The security token included in the request is invalid.", 403)
    process = int(match["process"]) if match["process"] else None
    return Caller(match["account"], process, match["region"], match["service"])


def identify(account: Account, caller: Caller, request: Request) -> Call:
    service = account.services.signed_for(caller.service)
    protocol, operation, params = _understand(account, service, request)
    return Call(account, caller.region, service, operation, params, protocol, request, caller.process)


def _understand(account: Account, service: Service, request: Request) -> tuple[str, str, dict[str, Any]]:
    headers = request.headers
    if headers.get("smithy-protocol") == "rpc-v2-cbor":
        return "cbor", request.path.rsplit("/", 1)[-1], cbor.decode(request.body)
    if target := headers.get("x-amz-target"):
        return "json", target.rsplit(".", 1)[-1], _json_object(request.body)
    if service.protocol == "rest-json":
        return "rest-json", *_rest_operation(account, service, request)
    if service.protocol == "rest-xml":
        return "rest-xml", *_s3_operation(request)
    form = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
    return "query", form.get("Action", "Unknown"), form


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body or b"{}")
    except ValueError:
        raise AwsError("SerializationException", "The body is not JSON.") from None
    return value if isinstance(value, dict) else {}


def _rest_operation(account: Account, service: Service, request: Request) -> tuple[str, dict[str, Any]]:
    request.headers["content-type"] = "application/json"  # whatever the client says: AWS does not care, moto does
    routed = moto_bridge.route(service.name, account.id, request)
    if routed is None:
        raise AwsError("UnknownOperationException", f"{request.method} {request.path}", 404)
    operation, uri = routed
    body = {} if operation in service.unlocked else _json_object(request.body)
    return operation, {**body, **request.arguments(), **uri}


S3_OPERATIONS = {
    ("PUT", True): "PutObject", ("GET", True): "GetObject", ("HEAD", True): "HeadObject",
    ("DELETE", True): "DeleteObject", ("PUT", False): "CreateBucket", ("GET", False): "ListObjectsV2",
    ("HEAD", False): "HeadBucket", ("DELETE", False): "DeleteBucket",
}  # fmt: skip
S3_SUBRESOURCES = {
    "versioning": "BucketVersioning", "versions": "ObjectVersions", "tagging": "Tagging", "uploads": "Uploads",
    "uploadId": "Upload", "delete": "DeleteObjects", "policy": "BucketPolicy", "location": "BucketLocation",
    "lifecycle": "BucketLifecycle", "encryption": "BucketEncryption", "acl": "Acl",
}  # fmt: skip


def _s3_operation(request: Request) -> tuple[str, dict[str, Any]]:
    """Path style only: /bucket/key."""
    bucket, _, key = unquote(request.path).lstrip("/").partition("/")
    arguments = request.arguments()
    operation = S3_OPERATIONS.get((request.method, bool(key)), request.method.title())
    if not bucket:
        operation = "ListBuckets"
    for name, noun in S3_SUBRESOURCES.items():
        if name in arguments:
            operation = noun if noun == "DeleteObjects" else request.method.title() + noun
            break
    return operation, {"Bucket": bucket, "Key": key, **arguments}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError(f"not JSON: {value!r}")


def render(call: Call, result: dict[str, Any] | None, status: int = 200) -> Response:
    """The response of an operation that the account's own layer executed."""
    result = result or {}
    if call.protocol == "cbor":
        body = cbor.encode_output(call.service.model, call.operation, result)
        return Response(status, {"smithy-protocol": "rpc-v2-cbor", "content-type": "application/cbor"}, body)
    content_type = "application/x-amz-json-1.1" if call.protocol == "json" else "application/json"
    return Response(status, {"content-type": content_type}, json.dumps(result, default=_plain).encode())


def render_error(protocol: str, error: AwsError) -> Response:
    headers = {"x-amzn-requestid": REQUEST_ID, "x-amzn-errortype": error.code}
    fault = "Sender" if error.status < 500 else "Receiver"
    match protocol:
        case "cbor":
            headers |= {"smithy-protocol": "rpc-v2-cbor", "content-type": "application/cbor"}
            headers["x-amzn-query-error"] = f"{error.code};{fault}"
            body = cbor.encode({"__type": error.code, "message": error.message})
        case "query":
            headers["content-type"] = "text/xml"
            body = (
                f"<ErrorResponse><Error><Type>{fault}</Type><Code>{escape(error.code)}</Code>"
                f"<Message>{escape(error.message)}</Message></Error><RequestId>{REQUEST_ID}</RequestId></ErrorResponse>"
            ).encode()
        case "rest-xml":
            headers["content-type"] = "application/xml"
            body = (
                f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{escape(error.code)}</Code>'
                f"<Message>{escape(error.message)}</Message><RequestId>{REQUEST_ID}</RequestId></Error>"
            ).encode()
        case "rest-json":
            headers["content-type"] = "application/json"
            body = json.dumps({"Type": "User", "Message": error.message, "message": error.message}).encode()
        case _:
            headers["content-type"] = "application/x-amz-json-1.1"
            body = json.dumps({"__type": error.code, "message": error.message}).encode()
    return Response(error.status, headers, body)


def error_code(response: Response) -> str | None:
    """The error a response of moto carries, for the call log."""
    if response.status < 400:
        return None
    if code := response.header("x-amzn-errortype"):
        return code.split(":")[0]
    text = response.body.decode("utf-8", "replace")
    if found := re.search(r'<Code>([^<]+)</Code>|"(?:__type|Code|code)"\s*:\s*"([^"]+)"', text):
        return (found[1] or found[2]).split("#")[-1]
    return str(response.status)
