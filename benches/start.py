"""What Lambda waits for and stores: the size of the function, and how long it takes from its start to its first question
for an event.

    python benches/start.py BOOTSTRAP
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import threading
import time
import zipfile
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory

RUNS = 21


class Runtime(BaseHTTPRequestHandler):
    """As much of Lambda's runtime API as a function sees before its first event: it has none."""

    asked = threading.Event()

    def do_GET(self) -> None:
        self.asked.set()
        # Never answered: the function is ended while it waits.
        threading.Event().wait(5)


def start(bootstrap: str, address: str) -> tuple[float, int]:
    """Seconds until it asks for an event, and the most memory that it had until then, in kB."""
    environment = {
        "AWS_LAMBDA_RUNTIME_API": address,
        "AWS_LAMBDA_FUNCTION_NAME": "shop-manager",
        "AWS_LAMBDA_FUNCTION_VERSION": "1",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "AKIA",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "PROJECT_NAME": "shop",
        "STATE_BUCKET": "shop-state",
    }
    Runtime.asked.clear()
    began = time.perf_counter()
    with subprocess.Popen([bootstrap], env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            if not Runtime.asked.wait(10):
                raise SystemExit("it did not ask for an event within 10 s")
            took = time.perf_counter() - began
            status = Path(f"/proc/{process.pid}/status").read_text().splitlines()
            peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
        finally:
            process.kill()
    return took, peak


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bootstrap", type=Path)
    bootstrap: Path = parser.parse_args().bootstrap.resolve()
    with TemporaryDirectory() as folder:
        package = Path(folder) / "function.zip"
        with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(bootstrap, "bootstrap")
        sizes = os.path.getsize(bootstrap), os.path.getsize(package)
    server = HTTPServer(("127.0.0.1", 0), Runtime)
    server.RequestHandlerClass.log_message = lambda *_: None  # type: ignore[method-assign]
    threading.Thread(target=serve, args=(server,), daemon=True).start()
    runs = [start(str(bootstrap), f"127.0.0.1:{server.server_port}") for _ in range(RUNS)]
    seconds, peaks = zip(*runs, strict=True)
    print(f"bootstrap {sizes[0] / 1e6:.1f} MB, zipped {sizes[1] / 1e6:.1f} MB")
    print(
        f"to the first question for an event, of {RUNS} starts: median {statistics.median(seconds) * 1000:.0f} ms, "
        f"{min(seconds) * 1000:.0f} to {max(seconds) * 1000:.0f} ms; {statistics.median(peaks) / 1024:.0f} MB"
    )


def serve(server: HTTPServer) -> None:
    while True:
        request, address = server.get_request()
        threading.Thread(target=server.finish_request, args=(request, address), daemon=True).start()


if __name__ == "__main__":
    main()
