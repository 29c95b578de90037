"""The built function against a plain script of the same job, in the simulated account.

    python benches/whole.py BOOTSTRAP [--sizes 10,100,1000,5000] [--rates]
    python benches/whole.py BOOTSTRAP --functions 500 --alarms 1000 --rates

Every AWS call takes 20 ms. With --rates the account throttles at AWS's published rates, and the function keeps to them:
then it ends with an error if a call was throttled, or if an action took more than 1.15 times the time that its calls
take at those rates. One invocation serves an action here: a function's time-out of 900 s is the limit of the sizes.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from script import Script

TESTS = Path(__file__).resolve().parents[1] / "tests"
sys.path.insert(0, str(TESTS))
from account.client import REGION, Client, serving  # noqa: E402
from account.rates import presets  # noqa: E402
from account.services import SERVICES  # noqa: E402

PROJECT, BUCKET, MANAGER, TOPIC = "shop", "shop-state", "shop-manager", "shop-reports"
LATENCY = 0.02
# Of each hundred resources.
SHARES = {"alarms": 40, "functions": 40, "streams": 10, "endpoints": 5, "tables": 5}
THROTTLES = {service.throttling.code for service in SERVICES}
# How much longer than AWS's rates allow an action may take.
TOLERANCE = 1.15
ACTIONS = ("status", "stop", "start")


class World(Client):
    """One account of the simulation, with a project in it."""

    patience_seconds = 600

    def __init__(self, endpoint: str, number: int, counts: dict[str, int], rates: bool) -> None:
        super().__init__(endpoint, f"{number:012}")
        self.settings(transition_seconds=0.1, shard_limit=100_000)
        more = {"streams": {"shards": 2}}
        self.resources = sum(counts.values())
        parts = {
            part: [{"name": f"{PROJECT}-{part}-{n}", **more.get(part, {})} for n in range(count)]
            for part, count in counts.items()
        }
        self.seed(bucket=BUCKET, topic=TOPIC, **parts)
        self.settings(latency_seconds=LATENCY)
        if rates:
            self.control("PUT", "rates", {"preset": "aws"})

    def client(self, service: str, region: str = REGION, **config: Any) -> Any:
        return super().client(
            service, region, read_timeout=900, retries={"total_max_attempts": 10, "mode": "standard"}, **config
        )

    def measure(self, who: str, action: str, work: Any) -> dict[str, Any]:
        self.forget_calls()
        began = time.monotonic()
        work()
        took = time.monotonic() - began
        calls = [call for call in self.calls() if call["operation"] != "Invoke"]
        operations = Counter(f"{call['service']}.{call['operation']}" for call in calls)
        throttled = sum(call["error"] in THROTTLES for call in calls)
        writes = operations["s3.PutObject"]
        allowed = seconds_at_aws_rates(calls)
        row = {"who": who, "action": action, "n": self.resources, "seconds": took, "calls": len(calls)}
        return row | {"throttled": throttled, "s3 writes": writes, "allowed": allowed}


def seconds_at_aws_rates(calls: list[dict[str, Any]]) -> float:
    """How long AWS takes for these calls at least: those of the limit that has the most to do."""
    counts: Counter[str] = Counter()
    for call in calls:
        counts.update(SERVICES[call["service"]].rate_keys(call["operation"]))
    published = presets(SERVICES)["aws"]
    rate = {key: limit["rate"] if isinstance(limit, dict) else limit for key, limit in published.items()}
    # Nobody waits for prices.
    return max((counts[key] / rate[key] for key in rate if key != "pricing"), default=0.0)


def invoke(world: World, action: str) -> None:
    answer = world.client("lambda").invoke(FunctionName=MANAGER, Payload=json.dumps({"action": action}))
    report = json.load(answer["Payload"])
    if report.get("outcome") != "succeeded":
        sys.exit(f"{action}: {json.dumps(report)[:2000]}")


def processes(bootstrap: str) -> dict[int, int]:
    """The processes that run this bootstrap, with the most memory that each has had, in KB."""
    found = {}
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            command = status.with_name("cmdline").read_bytes().split(b"\0")[0].decode()
            if command == bootstrap:
                peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
                found[int(status.parent.name)] = int(peak.split()[1])
        except (OSError, StopIteration):
            continue
    return found


def run(endpoint: str, bootstrap: str, number: int, counts: dict[str, int], rates: bool) -> list[dict[str, Any]]:
    world = World(endpoint, number, counts, rates)
    environment = {"PROJECT_NAME": PROJECT, "STATE_BUCKET": BUCKET, "POLL_SECONDS": "0.1"}
    environment["SNS_TOPIC_ARN"] = f"arn:aws:sns:us-east-1:{world.id}:{TOPIC}"
    environment["RATE_SHARE"] = "1" if rates else "1000"
    world.register(MANAGER, command=[bootstrap], environment=environment, timeout_seconds=900, memory=128)
    before = processes(bootstrap)
    rows = []
    for action in ACTIONS:
        rows.append(world.measure("function", action, lambda action=action: invoke(world, action)))
        mine = [peak for process, peak in processes(bootstrap).items() if process not in before]
        rows[-1]["peak MB"] = max(mine, default=0) // 1024
    other = World(endpoint, number + 1, counts, rates)
    script = Script(other.client, PROJECT, BUCKET)
    return [*rows, *(other.measure("script", action, getattr(script, action)) for action in ACTIONS)]


def show(rows: list[dict[str, Any]], rates: bool) -> list[str]:
    """Print it all. What is wrong with it."""
    print(
        f"{'':10}{'action':8}{'n':>6}{'seconds':>9}{'calls':>8}{'per n':>7}{'throttled':>10}{'S3 PUT':>7}{'MB':>4}",
        end="",
    )
    print(f"{'allowed':>9}{'ratio':>7}" if rates else "")
    wrong = []
    for row in rows:
        print(
            f"{row['who']:10}{row['action']:8}{row['n']:6}{row['seconds']:9.2f}{row['calls']:8}"
            f"{row['calls'] / row['n']:7.2f}{row['throttled']:10}{row['s3 writes']:7}{row.get('peak MB', ''):>4}",
            end="",
        )
        # Less than a few seconds are the account's own bursts and the transitions.
        ratio = row["seconds"] / max(row["allowed"], 5.0)
        print(f"{row['allowed']:9.2f}{ratio:7.2f}" if rates else "")
        if rates and row["who"] == "function" and row["throttled"]:
            wrong.append(f"{row['action']} of {row['n']}: {row['throttled']} calls were throttled")
        if rates and row["who"] == "function" and ratio > TOLERANCE:
            wrong.append(f"{row['action']} of {row['n']}: {ratio:.2f} times the time that AWS's rates allow")
    seconds = {(row["who"], row["action"], row["n"]): row["seconds"] for row in rows}
    sizes = sorted({row["n"] for row in rows})
    for action in ACTIONS:
        ratios = [f"{seconds['script', action, n] / seconds['function', action, n]:.1f} at {n}" for n in sizes]
        print(f"{action}: the script takes so many times as long: {', '.join(ratios)}")
        for small, large in itertools.pairwise(sizes):
            growth = seconds["function", action, large] / seconds["function", action, small]
            print(f"{action}: from {small} to {large} time grows by n^{math.log(growth) / math.log(large / small):.2f}")
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bootstrap")
    parser.add_argument("--sizes", default="10,100,1000,5000", help="so many resources of all kinds")
    parser.add_argument("--functions", type=int, default=0, help="instead of sizes: so many functions …")
    parser.add_argument("--alarms", type=int, default=0, help="… and so many alarms, and nothing else")
    parser.add_argument("--rates", action="store_true")
    options = parser.parse_args()
    bootstrap = str(Path(options.bootstrap).resolve())
    if options.functions or options.alarms:
        all_counts = [{"functions": options.functions, "alarms": options.alarms}]
    else:
        sizes = [int(size) for size in options.sizes.split(",")]
        all_counts = [{part: max(1, size * share // 100) for part, share in SHARES.items()} for size in sizes]
    rows = []
    with serving() as endpoint:
        for n, counts in enumerate(all_counts):
            rows += run(endpoint, bootstrap, 2 * n + 1, counts, options.rates)
    if wrong := show(rows, options.rates):
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
