"""The template as its readers see it: as it is written, as CloudFormation gets it, and with parameters filled in."""

from __future__ import annotations

import functools
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import cfnlint.decode.cfn_yaml
from samtranslator.translator.transform import transform

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "infra" / "template.yaml"
sys.path.insert(0, str(ROOT / "infra"))

from assemble import Kind, assemble, kinds  # noqa: E402

KINDS: list[Kind] = kinds()

ACCOUNT = "123456789012"
REGION = "us-east-1"
PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Region": REGION,
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::StackName": "demo-stack",
    "AWS::StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/demo-stack/1",
}
# `AWS::NoValue`: the property, or the item of a list, is left out.
NOTHING = object()


@functools.cache
def _source(file: Path) -> str:
    return json.dumps(cfnlint.decode.cfn_yaml.load(str(file)))


def source(file: Path = TEMPLATE) -> dict[str, Any]:
    """The template as it is written, with its intrinsic functions in their long form."""
    template: dict[str, Any] = json.loads(_source(file))
    return template


def twelve_kinds() -> list[Kind]:
    """As many as there is to be room for: those that there are, and the same once more under other names."""
    largest = sorted(KINDS, key=lambda kind: -kind.size("Allow") - kind.size("Deny"))
    found = [*KINDS]
    for number, like in enumerate([*KINDS, *largest[1:]][: 12 - len(KINDS)]):
        text = re.sub(r"^( *- Sid: \w+)$", rf"\g<1>{number}", like.text, flags=re.MULTILINE)
        text = text.replace(like.parameter, f"{like.parameter}{number}")
        text = re.sub(r"^Policy: (\w+)Policy$", rf"Policy: \g<1>{number}Policy", text, flags=re.MULTILINE)
        found.append(Kind(f"morekinds{number:02}", text))
    return found


def with_kinds(kinds: list[Kind], folder: Path) -> Path:
    """The template of other kinds than there are."""
    file = folder / "template.yaml"
    file.write_text(assemble(kinds, (ROOT / "infra" / "base.yaml").read_text()))
    return file


class _NoManagedPolicies:
    """The translator asks for AWS's managed policies by name. The template names none."""

    def load(self) -> dict[str, str]:
        return {}


@functools.cache
def _translated(file: Path) -> str:
    # The translator reads the partition from the region, through boto3.
    os.environ.setdefault("AWS_DEFAULT_REGION", REGION)
    template = source(file)
    # What packaging puts there.
    template["Resources"]["Function"]["Properties"]["CodeUri"] = "s3://packages/bootstrap.zip"
    return json.dumps(transform(template, {}, _NoManagedPolicies()))


def translated(file: Path = TEMPLATE) -> dict[str, Any]:
    """What CloudFormation makes resources from, after SAM's transform."""
    template: dict[str, Any] = json.loads(_translated(file))
    return template


class Stack:
    """The translated template with its parameters filled in, as CloudFormation does it."""

    def __init__(self, parameters: dict[str, str], file: Path = TEMPLATE) -> None:
        self.template = translated(file)
        unknown = parameters.keys() - self.template["Parameters"].keys()
        if unknown:
            raise KeyError(f"no such parameters: {sorted(unknown)}")
        self.parameters = {
            name: str(parameters.get(name, spec.get("Default"))) for name, spec in self.template["Parameters"].items()
        }

    def resources(self) -> dict[str, dict[str, Any]]:
        """Every resource whose condition holds, resolved."""
        return {
            name: self.resolve(resource)
            for name, resource in self.template["Resources"].items()
            if self.holds(resource.get("Condition"))
        }

    def holds(self, condition: str | None) -> bool:
        return condition is None or self._truth(self.template["Conditions"][condition])

    def resolve(self, value: Any) -> Any:
        if isinstance(value, list):
            return [item for item in map(self.resolve, value) if item is not NOTHING]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            [(function, argument)] = value.items()
            if function == "Ref" or function.startswith("Fn::"):
                return self._call(function, argument)
        resolved = {key: self.resolve(item) for key, item in value.items()}
        return {key: item for key, item in resolved.items() if item is not NOTHING}

    def _call(self, function: str, argument: Any) -> Any:
        match function:
            case "Ref":
                return self._ref(argument)
            case "Fn::GetAtt":
                return self._attribute(*(argument if isinstance(argument, list) else argument.split(".", 1)))
            case "Fn::If":
                condition, yes, no = argument
                return self.resolve(yes if self.holds(condition) else no)
            case "Fn::Join":
                delimiter, items = argument
                if not isinstance(delimiter, str):
                    raise TypeError(f"CloudFormation takes only a literal between what it joins: {delimiter}")
                return delimiter.join(self.resolve(items))
            case "Fn::Split":
                delimiter, text = argument
                return self.resolve(text).split(delimiter)
            case "Fn::Sub":
                text, variables = argument if isinstance(argument, list) else (argument, {})
                return self._sub(text, {name: self.resolve(item) for name, item in variables.items()})
        raise NotImplementedError(function)

    def _sub(self, text: str, variables: dict[str, str]) -> str:
        out, rest = "", text
        while "${" in rest:
            before, _, rest = rest.partition("${")
            name, _, rest = rest.partition("}")
            out += before + str(variables[name] if name in variables else self._named(name))
        return out + rest

    def _named(self, name: str) -> Any:
        return self._attribute(*name.split(".", 1)) if "." in name else self._ref(name)

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return NOTHING
        if name in PSEUDO:
            return PSEUDO[name]
        if name in self.parameters:
            return self.parameters[name]
        kind = self.template["Resources"][name]["Type"]
        return _arn(kind, name) if kind in ("AWS::SNS::Topic", "AWS::IAM::ManagedPolicy") else physical(name)

    def _attribute(self, name: str, attribute: str) -> str:
        if attribute == "Arn":
            return _arn(self.template["Resources"][name]["Type"], name)
        if attribute == "QueueName":
            return physical(name)
        raise NotImplementedError(f"{name}.{attribute}")

    def _truth(self, condition: Any) -> bool:
        [(function, argument)] = condition.items()
        match function:
            case "Fn::Equals":
                one, two = (self.resolve(side) for side in argument)
                return bool(one == two)
            case "Fn::Not":
                return not self._truth(argument[0])
            case "Fn::And" | "Fn::Or":
                if not 2 <= len(argument) <= 10:
                    raise ValueError(f"CloudFormation takes two to ten conditions in {function}")
                truths = [self._truth(part) for part in argument]
                return all(truths) if function == "Fn::And" else any(truths)
            case "Condition":
                return self.holds(argument)
        raise NotImplementedError(function)


def physical(name: str) -> str:
    """The name that CloudFormation might give a resource."""
    return {"StateBucket": "demo-state", "Topic": "demo-reports", "Function": "demo-resource-manager"}.get(name, name)


def _arn(kind: str, name: str) -> str:
    place = f"{REGION}:{ACCOUNT}"
    return {
        "AWS::CloudWatch::Alarm": f"arn:aws:cloudwatch:{place}:alarm:{physical(name)}",
        "AWS::IAM::ManagedPolicy": f"arn:aws:iam::{ACCOUNT}:policy/{physical(name)}",
        "AWS::IAM::Role": f"arn:aws:iam::{ACCOUNT}:role/{physical(name)}",
        "AWS::Lambda::Function": f"arn:aws:lambda:{place}:function:{physical(name)}",
        "AWS::Logs::LogGroup": f"arn:aws:logs:{place}:log-group:{physical(name)}:*",
        "AWS::S3::Bucket": f"arn:aws:s3:::{physical(name)}",
        "AWS::SNS::Topic": f"arn:aws:sns:{place}:{physical(name)}",
        "AWS::SQS::Queue": f"arn:aws:sqs:{place}:{physical(name)}",
    }[kind]
