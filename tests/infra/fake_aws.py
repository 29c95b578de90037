"""Stands in for the AWS CLI, SAM and make: answers from a script, and writes down what it was asked.

A folder, in FAKE_AWS, has `answers.json`: for each "service operation" a list of answers, the last of which stays.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
from pathlib import Path
from typing import Any


def main(program: str, arguments: list[str]) -> int:
    folder = Path(os.environ["FAKE_AWS"])
    script: dict[str, list[Any]] = json.loads((folder / "answers.json").read_text())
    options = dict(itertools.pairwise(arguments))
    words = arguments[:2] if program == "aws" else [program, arguments[0]]
    call: dict[str, Any] = {"call": " ".join(words), "region": options.get("--region"), "arguments": arguments}
    if "--payload" in options:
        call["event"] = json.loads(Path(options["--payload"].removeprefix("fileb://")).read_text())
        call |= {"attempts": os.environ.get("AWS_MAX_ATTEMPTS"), "timeout": options.get("--cli-read-timeout")}
    if "--cli-input-json" in options:
        call["input"] = json.loads(Path(options["--cli-input-json"].removeprefix("file://")).read_text())
    name = call["call"]
    for option in ("--key", "--name"):
        if option in options:
            call[option[2:]] = options[option]
            name += f" {options[option]}"
    with (folder / "calls.jsonl").open("a") as log:
        log.write(json.dumps(call) + "\n")
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
    for file, content in answer.get("files", {}).items():
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        Path(file).write_text(content, encoding="latin-1")
    print(json.dumps(answer.get("out", {})))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
