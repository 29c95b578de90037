"""The built function against a plain script of the same job, in the simulated account.

    python benches/whole.py BOOTSTRAP [--sizes 10,100,1000] [--rates]

Every AWS call takes 20 ms. With --rates the account throttles at AWS's published rates, and the function keeps to them.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from script import Script

ACCOUNT = Path(__file__).resolve().parents[1] / "tests" / "account"
PROJECT, BUCKET, MANAGER = "shop", "shop-state", "shop-manager"
LATENCY = 0.02
TRANSITIONS = ("creating", "deleting", "updating", "scaling", "provisioning", "mapping")
# Of each hundred resources.
SHARES = {"alarms": 40, "functions": 40, "streams": 10, "endpoints": 5, "tables": 5}
THROTTLES = ("Throttling", "ThrottlingException", "TooManyRequestsException", "LimitExceededException")


class World:
    """One account of the simulation."""

    def __init__(self, endpoint: str, number: int, size: int, rates: bool) -> None:
        self.endpoint, self.id = endpoint, f"{number:012}"
        seconds = {f"{name}_seconds": 0.1 for name in TRANSITIONS}
        self.control("PUT", "settings", {**seconds, "shard_limit": 100_000})
        more = {"streams": {"shards": 2}}
        counts = {part: max(1, size * share // 100) for part, share in SHARES.items()}
        self.resources = sum(counts.values())
        parts = {
            part: [{"name": f"{PROJECT}-{part}-{n}", **more.get(part, {})} for n in range(count)]
            for part, count in counts.items()
        }
        self.control("POST", "seed", {"bucket": BUCKET, "topic": "shop-reports", **parts})
        self.control("PUT", "settings", {"latency_seconds": LATENCY})
        if rates:
            self.control("PUT", "rates", {"preset": "aws"})

    def control(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.endpoint}/_account/{self.id}/{path}", method=method, data=data)
        with urllib.request.urlopen(request, timeout=600) as answer:
            return json.load(answer)

    def client(self, service: str) -> Any:
        config = Config(
            read_timeout=900, retries={"total_max_attempts": 10, "mode": "standard"}, s3={"addressing_style": "path"}
        )
        keys = {"aws_access_key_id": f"AKIA{self.id}", "aws_secret_access_key": "secret"}
        return boto3.client(service, endpoint_url=self.endpoint, region_name="us-east-1", config=config, **keys)

    def measure(self, who: str, action: str, work: Any) -> dict[str, Any]:
        self.control("DELETE", "calls")
        began = time.monotonic()
        work()
        took = time.monotonic() - began
        calls = [call for call in self.control("GET", "calls") if call["operation"] != "Invoke"]
        operations = Counter(f"{call['service']}.{call['operation']}" for call in calls)
        throttled = sum(call["error"] in THROTTLES for call in calls)
        writes = operations["s3.PutObject"]
        row = {"who": who, "action": action, "n": self.resources, "seconds": took, "calls": len(calls)}
        return row | {"throttled": throttled, "s3 writes": writes}


def invoke(world: World, action: str) -> None:
    answer = world.client("lambda").invoke(FunctionName=MANAGER, Payload=json.dumps({"action": action}))
    report = json.load(answer["Payload"])
    if report.get("outcome") != "succeeded":
        sys.exit(f"{action}: {json.dumps(report)[:2000]}")


def peak_memory(bootstrap: str) -> int:
    """Of the function's process, in MB: the most of those that run this bootstrap."""
    peaks = []
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            command = status.with_name("cmdline").read_bytes().split(b"\0")[0].decode()
            if command == bootstrap:
                peaks += [int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM")]
        except OSError:
            continue
    return max(peaks, default=0) // 1024


def run(endpoint: str, bootstrap: str, number: int, size: int, rates: bool) -> list[dict[str, Any]]:
    world = World(endpoint, number, size, rates)
    environment = {"PROJECT_NAME": PROJECT, "STATE_BUCKET": BUCKET, "POLL_SECONDS": "0.1"}
    environment["RATE_SHARE"] = "1" if rates else "1000"
    spec = {"command": [bootstrap], "environment": environment, "timeout_seconds": 900, "memory": 128}
    world.control("PUT", f"functions/{MANAGER}", spec)
    rows = [world.measure("function", a, lambda a=a: invoke(world, a)) for a in ("status", "stop", "start")]
    rows[-1]["peak MB"] = peak_memory(bootstrap)
    other = World(endpoint, number + 1, size, rates)
    script = Script(other.client, PROJECT, BUCKET)
    return [*rows, *(other.measure("script", a, getattr(script, a)) for a in ("stop", "start"))]


def show(rows: list[dict[str, Any]]) -> None:
    print(f"{'':10}{'action':8}{'n':>6}{'seconds':>9}{'calls':>8}{'per n':>7}{'throttled':>10}{'S3 PUT':>7}{'MB':>4}")
    for row in rows:
        print(
            f"{row['who']:10}{row['action']:8}{row['n']:6}{row['seconds']:9.2f}{row['calls']:8}"
            f"{row['calls'] / row['n']:7.2f}{row['throttled']:10}{row['s3 writes']:7}{row.get('peak MB', ''):>4}"
        )
    seconds = {(row["who"], row["action"], row["n"]): row["seconds"] for row in rows}
    sizes = sorted({row["n"] for row in rows})
    for action in ("stop", "start"):
        ratios = [f"{seconds['script', action, n] / seconds['function', action, n]:.1f} at {n}" for n in sizes]
        print(f"{action}: the script takes so many times as long: {', '.join(ratios)}")
        for small, large in itertools.pairwise(sizes):
            growth = seconds["function", action, large] / seconds["function", action, small]
            print(f"{action}: from {small} to {large} time grows by n^{math.log(growth) / math.log(large / small):.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bootstrap")
    parser.add_argument("--sizes", default="10,100,1000")
    parser.add_argument("--rates", action="store_true")
    options = parser.parse_args()
    bootstrap = str(Path(options.bootstrap).resolve())
    server = subprocess.Popen(
        [sys.executable, str(ACCOUNT), "--until-stdin-closes"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert server.stdin and server.stdout
    try:
        endpoint = json.loads(server.stdout.readline())["endpoint"]
        sizes = [int(size) for size in options.sizes.split(",")]
        show([row for n, size in enumerate(sizes) for row in run(endpoint, bootstrap, 2 * n + 1, size, options.rates)])
    finally:
        server.stdin.close()
        server.wait(30)


if __name__ == "__main__":
    main()
