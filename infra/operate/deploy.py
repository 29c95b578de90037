"""`make deploy`: builds for the architecture that is deployed, and looks first whether a deployment would lose anything."""

from __future__ import annotations

import argparse
import subprocess
from pathlib import Path

from .aws import Deployment, Failed, aws
from .saved import Saved
from .say import say
from .state import State

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "infra" / "template.yaml"
BOOTSTRAP = ROOT / "target" / "lambda" / "aws-resource-manager" / "bootstrap"
# `e_machine` in the header of an executable (refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html).
MACHINES = {62: "x86_64", 183: "arm64"}
NAMES = {"x86-64": "x86_64", "amd64": "x86_64", "aarch64": "arm64"}


def deploy(options: argparse.Namespace) -> int:
    saved = Saved.read(options.config_env)
    stack, region = options.stack or saved.stack, options.region or saved.region
    wanted = architecture(options.arch, saved)
    loses_nothing(stack, region, options)
    build(wanted)
    # The build takes minutes: an evening may have begun since.
    loses_nothing(stack, region, options)
    code = sam_deploy(options, saved, wanted)
    if code:
        return code
    # Asked for only now, the first time.
    answered = Saved.read(options.config_env)
    if answered.parameters.get("Architecture", wanted) != wanted:
        wanted = answered.parameters["Architecture"]
        say(f"\nThe answer for Architecture was {wanted}: building and deploying for it.")
        build(wanted)
        if code := sam_deploy(options, answered, wanted):
            return code
    if stack := options.stack or answered.stack:
        wait_for_the_first_check(Deployment.find(stack, options.region or answered.region))
    return 0


def architecture(given: str, saved: Saved) -> str:
    """What is built. It must be what the function is deployed as."""
    given = NAMES.get(given, given)
    if given and given not in MACHINES.values():
        raise Failed(f"ARCH is {given}; it must be x86_64 or arm64. Nothing was deployed")
    known = saved.parameters.get("Architecture")
    if given and known and given != known:
        raise Failed(
            f'ARCH is {given}, and infra/samconfig.toml says Architecture="{known}". Change it there. Nothing was deployed'
        )
    return given or known or "x86_64"


def machine(executable: Path) -> str:
    """The architecture that an executable was built for."""
    with executable.open("rb") as file:
        head = file.read(20)
    # Both architectures are little-endian.
    if len(head) < 20 or head[:4] != b"\x7fELF" or head[5] != 1:
        raise Failed(f"{executable} is no executable for Lambda. Nothing was deployed")
    number = int.from_bytes(head[18:20], "little")
    return MACHINES.get(number, f"machine {number}")


def build(wanted: str) -> None:
    run = subprocess.run(["make", "lambda", f"ARCH={wanted}", "--no-print-directory"], cwd=ROOT)
    if run.returncode:
        raise Failed("the build failed. Nothing was deployed")
    if (built := machine(BOOTSTRAP)) != wanted:
        raise Failed(f"{BOOTSTRAP} was built for {built}, and is to be deployed as {wanted}. Nothing was deployed")


def loses_nothing(stack: str | None, region: str | None, options: argparse.Namespace) -> None:
    """Another prefix, shorter lists, more exclusions, no schedules: each can leave behind what is stopped."""
    if not stack or options.force:
        return
    try:
        deployment = Deployment.find(stack, region)
    except Failed as failure:
        # A first deployment, or one that failed before it had outputs.
        if "does not exist" in str(failure) or "has no output" in str(failure):
            return
        raise
    state = State.read(deployment)
    if owed := state.owed():
        raise Failed(
            f"still stopped: {', '.join(owed)}. A deployment that changes names, lists or schedules could leave it so. "
            "Start it first (make start), or deploy all the same with FORCE=1. Nothing was deployed"
        )


def sam_deploy(options: argparse.Namespace, saved: Saved, wanted: str) -> int:
    command = ["sam", "deploy", "--template", str(TEMPLATE), "--config-env", options.config_env]
    command += ["--capabilities", "CAPABILITY_IAM", "--no-fail-on-empty-changeset"]
    if saved.is_there:
        command += ["--no-confirm-changeset"]
    else:
        # What is built is what the question suggests.
        command += ["--guided", "--parameter-overrides", f"Architecture={wanted}"]
    for option, value in (("--stack-name", options.stack), ("--region", options.region)):
        command += [option, value] if value else []
    return subprocess.run(command, cwd=ROOT).returncode


def wait_for_the_first_check(deployment: Deployment) -> None:
    """Gives the alarm that tells when nobody looks for the morning its first sample: it tells when samples stop coming."""
    alarm = deployment.resources("AWS::CloudWatch::Alarm").get("NotCheckedAlarm")
    if alarm is None:
        return
    try:
        described = aws("cloudwatch", "describe-alarms", "--alarm-names", alarm, region=deployment.region)
        [found] = described["MetricAlarms"]
        if found["StateValue"] != "INSUFFICIENT_DATA":
            return
        dimensions = ",".join(f"{one['Name']}={one['Value']}" for one in found["Dimensions"])
        aws(
            *("cloudwatch", "put-metric-data", "--namespace", found["Namespace"], "--metric-name", found["MetricName"]),
            *("--dimensions", dimensions, "--value", "0", "--unit", "Count"),
            region=deployment.region,
        )
    except Failed as failure:
        say(f"\nThe alarm {alarm} tells nothing before the first check at StartDeadline: {failure}")
