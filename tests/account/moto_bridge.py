"""The way into moto: requests as its server would get them, and its backends in this process.

moto is not made for many threads, so it executes one request at a time. It is imported on first use, because
importing it takes longer than everything else the start needs; and under the lock, because its modules import each
other in circles, which two threads at once do not survive.
"""

from __future__ import annotations

import io
import json
import os
import threading
from typing import Any
from urllib.parse import unquote

from .messages import AwsError, Request, Response

os.environ.setdefault("MOTO_ALLOW_NONEXISTENT_REGION", "true")

_lock = threading.RLock()
_application: Any = None


class _NoGlobalNames(dict):  # type: ignore[type-arg]
    """moto's list of bucket names of all accounts, kept empty: every account is a world of its own here."""

    def __setitem__(self, key: Any, value: Any) -> None:
        pass


def application() -> Any:
    global _application
    with _lock:
        if _application is None:
            from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
            from moto.s3.models import s3_backends

            s3_backends.bucket_accounts = _NoGlobalNames()
            _application = DomainDispatcherApplication(create_backend_app)
        return _application


def backend(service: str, account_id: str, region: str) -> Any:
    """moto's own model of a service in one account and region."""
    with _lock:
        application()
        from moto.backends import get_backend

        return get_backend(service)[account_id][region]  # type: ignore[call-overload]


def environ(account_id: str, request: Request) -> dict[str, Any]:
    """The WSGI environment of a request, with the header moto takes the account from."""
    result: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(request.path, encoding="latin-1"),
        "RAW_URI": request.path + (f"?{request.query}" if request.query else ""),
        "REQUEST_URI": request.path + (f"?{request.query}" if request.query else ""),
        "QUERY_STRING": request.query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "CONTENT_LENGTH": str(len(request.body)),
        "HTTP_HOST": request.headers.get("host", "127.0.0.1"),
        "HTTP_X_MOTO_ACCOUNT_ID": account_id,
    }
    for name, value in request.headers.items():
        if name == "content-type":
            result["CONTENT_TYPE"] = value
        elif name != "content-length":
            result["HTTP_" + name.upper().replace("-", "_")] = value
    return result


def route(service: str, account_id: str, request: Request) -> tuple[str, dict[str, Any]] | None:
    """The operation a REST request is for and the parameters in its path; None if there is no such operation."""
    with _lock:
        application()
        from moto.core.request import Request as MotoRequest
        from moto.core.routing import NotFound, get_service_router

        try:
            operation, params = get_service_router(service).match(MotoRequest(environ(account_id, request)))
        except NotFound:
            return None
        return operation.name, params


def send(account_id: str, request: Request) -> Response:
    """Have moto execute a request."""
    response = Response()

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
        response.status = int(status[:3])
        response.headers = dict(headers)

    with _lock:
        parts = application()(environ(account_id, request), start_response)
        try:
            response.body = b"".join(parts)
        finally:
            if hasattr(parts, "close"):
                parts.close()
    return response


def authorization(account_id: str, region: str, signing_name: str) -> str:
    return (
        f"AWS4-HMAC-SHA256 Credential=AKIA{account_id}/20200101/{region}/{signing_name}/aws4_request, "
        "SignedHeaders=host, Signature=none"
    )


def json_request(
    account_id: str, region: str, service: str, target: tuple[str, str], operation: str, params: dict[str, Any]
) -> Request:
    """A request of one of moto's JSON services. Of another service it has no target, and moto never sees it."""
    prefix, content_type = target
    headers = {
        "x-amz-target": f"{prefix}.{operation}",
        "content-type": content_type,
        "authorization": authorization(account_id, region, service),
    }
    return Request("POST", "/", "", headers, json.dumps(params).encode())


def call_rest(
    account_id: str, region: str, service: str, method: str, path: str, query: str = "", body: bytes = b""
) -> Response:
    """Call a REST operation of moto."""
    headers = {"authorization": authorization(account_id, region, service), "content-type": "application/json"}
    return send(account_id, Request(method, path, query, headers, body))


def decode(response: Response) -> dict[str, Any]:
    """The JSON object moto answered; an error of moto becomes an `AwsError`."""
    body = json.loads(response.body or b"{}")
    if response.status >= 400:
        code = body.get("__type") or response.header("x-amzn-errortype") or body.get("Code") or "InternalFailure"
        message = body.get("message") or body.get("Message") or ""
        raise AwsError(code.split("#")[-1].split(":")[0], message, response.status)
    return body
