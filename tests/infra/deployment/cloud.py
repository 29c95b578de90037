"""A local AWS: ministack, which checks every call against the caller's policies, and behind it the simulated account
for what ministack lacks."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from account.client import COMMAND, REGION, Client, endpoint_of

ROOT = Path(__file__).resolve().parents[3]
ACCOUNT = "123456789012"
# The services that the simulated account answers for: the variables of the AWS SDKs.
SIMULATED = ["SAGEMAKER", "APPLICATION_AUTO_SCALING"]


class Failed(Exception):
    """The deployment is not what it is to be."""


class Relay(BaseHTTPRequestHandler):
    """Stands between the function and a service."""

    protocol_version = "HTTP/1.1"

    def forward(self, connection: http.client.HTTPConnection, **changed: str) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {key.lower(): value for key, value in self.headers.items()} | changed
        connection.request(self.command, self.path, body, headers)
        answer = connection.getresponse()
        self.answer(answer.status, answer.read(), dict(answer.getheaders()))

    def answer(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for key, value in headers.items():
            if key.lower() not in ("transfer-encoding", "content-length", "connection", "date", "server"):
                self.send_header(key, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def handle_one(self) -> None:
        raise NotImplementedError

    def do_GET(self) -> None:
        self.handle_one()

    do_POST = do_PUT = do_DELETE = do_GET

    def log_message(self, *_: Any) -> None:
        pass


class ToSimulated(Relay):
    """The simulated account tells accounts apart by the access key, and ministack's roles have keys of their own."""

    target = ""

    def handle_one(self) -> None:
        signed = re.sub(r"Credential=[^/]+/", f"Credential=AKIA{ACCOUNT}/", self.headers["authorization"])
        self.forward(http.client.HTTPConnection(urlsplit(self.target).netloc, timeout=60), authorization=signed)


class ToLambda(Relay):
    """ministack does not know one of Lambda's calls: no function here has provisioned concurrency."""

    target = ""
    certificate = Path()

    def handle_one(self) -> None:
        if self.path.endswith("/provisioned-concurrency?List=ALL"):
            self.answer(200, b'{"ProvisionedConcurrencyConfigs": []}', {"content-type": "application/json"})
            return
        trusted = ssl.create_default_context(cafile=self.certificate)
        self.forward(http.client.HTTPSConnection(urlsplit(self.target).netloc, timeout=900, context=trusted))


class Cloud:
    """Started on entering, gone on leaving: each process is the head of a group of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = _free_port()
        # With TLS, because the bucket refuses everything else.
        self.endpoint = f"https://127.0.0.1:{self.port}"
        self.certificate = folder / "ministack-tls" / "server.crt"
        self._groups: list[subprocess.Popen[bytes]] = []
        self._relays: list[ThreadingHTTPServer] = []

    def __enter__(self) -> Cloud:
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._groups:
            for number in (signal.SIGTERM, signal.SIGKILL):
                try:
                    os.killpg(process.pid, number)
                    process.wait(10)
                except ProcessLookupError:
                    break
                except subprocess.TimeoutExpired:
                    continue
        for relay in self._relays:
            relay.shutdown()

    def _start(self) -> None:
        simulator = self._spawn("simulated account", COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.account = Client(endpoint_of(simulator), ACCOUNT)
        simulated = self._serve(type("_", (ToSimulated,), {"target": self.account.endpoint}))
        functions = self._serve(type("_", (ToLambda,), {"target": self.endpoint, "certificate": self.certificate}))
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            "USE_SSL": "1",
            "TMPDIR": str(self.folder),
            "AWS_ENDPOINT_URL": self.endpoint,
            # Bootstraps are run here, and every call is checked against its caller's policies.
            "LAMBDA_EXECUTOR": "local",
            "AUTH": "true",
            # The function's processes inherit these.
            "SSL_CERT_FILE": str(self.certificate),
            "POLL_SECONDS": "0.5",
            "AWS_ENDPOINT_URL_LAMBDA": functions,
            **{f"AWS_ENDPOINT_URL_{service}": simulated for service in SIMULATED},
        }
        self._spawn("ministack", [str(ROOT / ".venv-ministack" / "bin" / "ministack")], env=environment)
        until = time.monotonic() + 60
        while not self._answers():
            if time.monotonic() > until or self._groups[-1].poll() is not None:
                raise Failed("ministack did not start")
            time.sleep(0.2)

    def _serve(self, handler: type[Relay]) -> str:
        relay = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._relays.append(relay)
        threading.Thread(target=relay.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{relay.server_port}"

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=2).close()
        except OSError:
            return False
        return self.certificate.exists()

    def _spawn(self, name: str, command: list[str], **options: Any) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.log").open("wb") as log:
            options = {"stdout": log, "stderr": log, "cwd": self.folder} | options
            process = subprocess.Popen(command, start_new_session=True, **options)
        self._groups.append(process)
        return process

    def environment(self) -> dict[str, str]:
        """What a person's programs need to talk to this AWS, and to no other."""
        venvs = [str(ROOT / name / "bin") for name in (".venv", ".venv-sam")]
        return {
            "PATH": ":".join([*venvs, os.environ["PATH"]]),
            "HOME": str(self.folder),
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_CA_BUNDLE": str(self.certificate),
            "AWS_ACCESS_KEY_ID": ACCOUNT,
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "SAM_CLI_TELEMETRY": "0",
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
            "LANG": os.environ.get("LANG", "C.UTF-8"),
        }

    def run(self, *command: str, typed: str = "", code: int = 0) -> str:
        """A program of the operator's. Its output, or an end to all this where it ends otherwise than expected."""
        run = subprocess.run(
            command, cwd=ROOT, env=self.environment(), input=typed, capture_output=True, text=True, timeout=300
        )
        if run.returncode != code:
            raise Failed(
                f"{' '.join(command[:6])} ended with {run.returncode}:\n{run.stdout[-3000:]}{run.stderr[-3000:]}"
            )
        return run.stdout + run.stderr

    def aws(self, *arguments: str) -> Any:
        out = self.run("aws", *arguments, "--output", "json")
        return json.loads(out) if out.strip() else None

    def last_lines(self, count: int = 15) -> str:
        parts = [
            f"--- {log.stem}\n" + "\n".join(log.read_text(errors="replace").splitlines()[-count:])
            for log in sorted(self.folder.glob("*.log"))
        ]
        return "\n".join(parts)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
