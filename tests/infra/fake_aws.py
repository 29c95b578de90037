"""Stands in for the AWS CLI: answers from a script, and writes down what it was asked.

A folder, in FAKE_AWS, has `answers.json`: for each "service operation" a list of answers, the last of which stays.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
from pathlib import Path
from typing import Any


def main(arguments: list[str]) -> int:
    folder = Path(os.environ["FAKE_AWS"])
    script: dict[str, list[Any]] = json.loads((folder / "answers.json").read_text())
    options = dict(itertools.pairwise(arguments))
    call: dict[str, Any] = {"call": " ".join(arguments[:2]), "region": options.get("--region")}
    if "--payload" in options:
        call["event"] = json.loads(Path(options["--payload"].removeprefix("fileb://")).read_text())
        call |= {"attempts": os.environ.get("AWS_MAX_ATTEMPTS"), "timeout": options.get("--cli-read-timeout")}
    if "--key" in options:
        call["key"] = options["--key"]
    with (folder / "calls.jsonl").open("a") as log:
        log.write(json.dumps(call) + "\n")
    name = f"{call['call']} {call['key']}" if "key" in call else call["call"]
    answers = script.get(name) or [{"error": f"An error occurred (NoSuchKey): {name}"}]
    answer = answers[0]
    if len(answers) > 1:
        script[name] = answers[1:]
        (folder / "answers.json").write_text(json.dumps(script))
    if "error" in answer:
        print(answer["error"], file=sys.stderr)
        return 254
    if "body" in answer:
        [file] = [one for one in arguments[2:] if one.endswith(("answer.json", "body.json"))]
        Path(file).write_text(json.dumps(answer["body"]))
    print(json.dumps(answer.get("out", {})))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
