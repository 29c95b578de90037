"""The HTTP server: HTTP/1.1 with keep-alive, a thread per connection, on the loopback interface only."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import socket
import sys
import threading
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .messages import DropConnection, Request, Response


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Small answers on kept-alive connections: without these, Nagle and delayed ACKs cost 40 ms a call.
    disable_nagle_algorithm = True
    wbufsize = 64 * 1024
    server: Server

    def serve(self) -> None:
        request = self._read()
        try:
            response = self.server.app.handle(request)
        except DropConnection:
            self._drop()
            return
        except Exception:
            traceback.print_exc(file=sys.stderr)
            response = Response(500, {"content-type": "text/plain"}, traceback.format_exc().encode())
        self._write(response)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = do_OPTIONS = serve

    def handle_expect_100(self) -> bool:
        self.send_response_only(100)
        self.end_headers()
        self.wfile.flush()
        return True

    def _read(self) -> Request:
        headers: dict[str, str] = {}
        for given, value in self.headers.items():
            name = given.lower()
            headers[name] = f"{headers[name]},{value}" if name in headers else value
        if "chunked" in headers.pop("transfer-encoding", ""):
            body = self._read_chunks()
            headers["content-length"] = str(len(body))
        else:
            body = self.rfile.read(int(headers.get("content-length") or 0))
        path, _, query = self.path.partition("?")
        return Request(self.command, path, query, headers, body)

    def _read_chunks(self) -> bytes:
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return body

    def _write(self, response: Response) -> None:
        bodiless = self.command == "HEAD" or response.status in (204, 304)
        self.send_response_only(response.status)
        for name, value in response.headers.items():
            if name.lower() not in ("content-length", "connection", "transfer-encoding", "date"):
                self.send_header(name, value)
        if self.command == "HEAD":
            self.send_header("content-length", response.header("content-length") or str(len(response.body)))
        elif not bodiless:
            self.send_header("content-length", str(len(response.body)))
        self.send_header("date", self.date_time_string())
        self.end_headers()
        if not bodiless:
            self.wfile.write(response.body)

    def _drop(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):  # the other side was faster
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: the call log is what tests read."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        from .app import App

        self.endpoint = f"http://127.0.0.1:{self.server_port}"
        self.app = App(self.endpoint)

    def server_bind(self) -> None:
        # HTTPServer's own looks the host name up, which can take seconds.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = self.socket.getsockname()

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            traceback.print_exc(file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(prog="account", description="A simulated AWS account for tests and the demo.")
    parser.add_argument("--port", type=int, default=0, help="0 (the default) takes a free one")
    parser.add_argument("--until-stdin-closes", action="store_true", help="end when standard input reaches its end")
    arguments = parser.parse_args()

    server = Server(arguments.port)

    def stop(*_: object) -> None:
        server.app.close()
        os._exit(0)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    print(json.dumps({"endpoint": server.endpoint}), flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    server.app.warm_up()
    if arguments.until_stdin_closes:
        while os.read(sys.stdin.fileno(), 4096):
            pass
        stop()
    else:
        signal.pause()
