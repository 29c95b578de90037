"""`make template`: puts infra/template.yaml together, out of infra/base.yaml and a file for each kind in infra/kinds.

A kind's file has its title, its parameter, and the statements of IAM: what the function may do with what is managed, and
what it is denied with what is excluded. Two words stand for an idiom that CloudFormation needs in full:

    !Managed "arn:…:{}"     the ARNs of what the kind's parameter names, or of all with TargetTags
    !Excluded "arn:…:{}"    the ARNs of what Exclude names

`{}` is where a name belongs. A list of such ARNs is every name in each of them.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from textwrap import indent
from typing import Any

import yaml

INFRA = Path(__file__).resolve().parent
TEMPLATE = INFRA / "template.yaml"
HEAD = "# Written by `make template` from infra/base.yaml and infra/kinds: change those.\n"

# docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html: of a managed policy, without white space.
LARGEST_POLICY = 6144
# How long a list may be. Twelve kinds fit into Lambda's environment, and their policies into the ten that a role takes.
LONGEST_LIST, LONGEST_EXCLUDE, MOST_NAMES = 200, 300, 20
# What a statement may name, at its longest.
PLACE = {"AWS::Partition": "aws-us-gov", "AWS::Region": "ap-southeast-1", "AWS::AccountId": "123456789012"}


@dataclass(frozen=True)
class Kind:
    """What the template says of a kind."""

    name: str
    text: str

    @classmethod
    def read(cls, file: Path) -> Kind:
        return cls(file.stem, file.read_text())

    def section(self, key: str) -> str:
        """What stands below a key, as it was written."""
        _, found, rest = f"\n{self.text}".partition(f"\n{key}:\n")
        section = re.split(r"\n(?=\S)", rest)[0] if found else ""
        return re.sub(r"^  ", "", section, flags=re.MULTILINE).strip("\n")

    def word(self, key: str, default: str = "") -> str:
        found = re.search(rf"^{key}: (.+)$", self.text, re.MULTILINE)
        return found[1].strip('"') if found else default

    @property
    def parameter(self) -> str:
        return self.section("Parameters").partition(":")[0]

    @property
    def managed(self) -> str:
        """The condition that the kind is managed."""
        return f"Manages{self.parameter}"

    @property
    def by_project(self) -> str:
        """The condition that the project's name says what is managed."""
        return f"{self.parameter}ByProject"

    @property
    def names(self) -> str:
        """The parameter, with the project's name in it."""
        of_project = self.word("ByProject", "${ProjectName}-*")
        return f'!If [{self.by_project}, !Sub "{of_project}", !Ref {self.parameter}]'

    def statements(self, key: str) -> str:
        """The statements of a section, in CloudFormation's own words."""
        return re.sub(r"^( *)([\w:]+): !(Managed|Excluded) (.+)$", self._idiom, self.section(key), flags=re.MULTILINE)

    def _idiom(self, found: re.Match[str]) -> str:
        space, key, word, value = found.groups()
        arns = _listed(yaml.safe_load(value))
        if word == "Excluded":
            return f"{space}{key}: {_split(arns, '!Ref Exclude', len(space))}"
        everything = json.dumps([arn.replace("{}", "*") for arn in arns])
        split = _split(arns, self.names, len(space) + 4)
        return f"{space}{key}: !If\n{space}  - HasTargetTags\n{space}  - {everything}\n{space}  - {split}"

    def size(self, key: str) -> int:
        """How many characters its statements have where every list is as long as it may be."""
        statements = yaml.load(self.section(key), _Longest) or []
        return sum(len(re.sub(r"\s", "", json.dumps(one, separators=(",", ":")))) + 1 for one in statements)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _split(arns: list[str], names: str, column: int) -> str:
    """Names to ARNs: Fn::Join puts the end of one ARN, a comma and the beginning of the next between the names."""
    space = " " * (column + 2)
    variables = ["Names", *(f"Names{number}" for number in range(2, len(arns) + 1))]
    text = ",".join(arn.replace("{}", f"${{{name}}}") for arn, name in zip(arns, variables, strict=True))
    lines = ["!Split", f'{space}- ","', f"{space}- !Sub", f'{space}  - "{text}"']
    for name, arn, mark in zip(variables, arns, ["- ", *["  "] * len(arns)], strict=False):
        before, _, after = arn.partition("{}")
        lines += [f"{space}  {mark}{name}: !Join"]
        lines += [f'{space}      - "{after},{before}"', f'{space}      - !Split [",", {names}]']
    return "\n".join(lines)


class _Longest(yaml.SafeLoader):
    """Reads statements with the longest lists that the parameters take."""

    def names(self, node: yaml.Node, longest: int) -> list[str]:
        value = self.construct_sequence(node) if isinstance(node, yaml.SequenceNode) else node.value
        letters, each = longest - (MOST_NAMES - 1), (longest - (MOST_NAMES - 1)) // MOST_NAMES
        sizes = [each] * (MOST_NAMES - 1) + [letters - each * (MOST_NAMES - 1)]
        return [arn.replace("{}", "x" * size) for arn in _listed(value) for size in sizes]


_Longest.add_constructor("!Managed", lambda loader, node: loader.names(node, LONGEST_LIST))
_Longest.add_constructor("!Excluded", lambda loader, node: loader.names(node, LONGEST_EXCLUDE))
_Longest.add_constructor("!Ref", lambda _, node: PLACE[node.value])
_Longest.add_constructor("!Sub", lambda _, node: re.sub(r"\$\{(.+?)\}", lambda one: PLACE[one[1]], node.value))


def kinds() -> list[Kind]:
    return [Kind.read(file) for file in sorted((INFRA / "kinds").glob("*.yaml"))]


def together(kinds: list[Kind], key: str) -> list[list[Kind]]:
    """Kinds whose statements fit into one policy, the largest first."""
    policies: list[tuple[int, list[Kind]]] = []
    frame = len('{"Version":"2012-10-17","Statement":[]}')
    for kind in sorted(kinds, key=lambda kind: (-kind.size(key), kind.name)):
        size = kind.size(key)
        if not size:
            continue
        fitting = (n for n, (used, _) in enumerate(policies) if used + size <= LARGEST_POLICY)
        place = next(fitting, len(policies))
        used, others = policies[place] if place < len(policies) else (frame, [])
        policies[place : place + 1] = [(used + size, [*others, kind])]
    return [found for _, found in policies]


def assemble(kinds: list[Kind], base: str) -> str:
    parts = {
        "names of parameters": "\n".join(f"- {kind.parameter}" for kind in kinds),
        "parameters": "\n".join(kind.section("Parameters") for kind in kinds),
        "conditions": _conditions(kinds),
        "resources": _resources(kinds),
        "policies": "\n\n".join([*_allowing(kinds), *_denying(kinds)]),
    }
    for name, part in parts.items():
        mark = re.compile(rf"^( *)# kinds: {name}$", re.MULTILINE)
        if not mark.search(base):
            raise ValueError(f"infra/base.yaml has no place for the kinds' {name}")
        base = mark.sub(lambda found, part=part: indent(part, found[1]), base)
    return HEAD + base


def _conditions(kinds: list[Kind]) -> str:
    lines = [f"{kind.by_project}: !Equals [!Ref {kind.parameter}, PROJECT-*]" for kind in kinds]
    lines += [f'{kind.managed}: !Not [!Equals [!Ref {kind.parameter}, ""]]' for kind in kinds]
    groups = {"ManagesByProject": [kind.by_project for kind in kinds]}
    groups |= {"ManagesAnything": [kind.managed for kind in kinds]}
    groups |= {
        f"Needs{found[0].word('Policy')}": [kind.managed for kind in found] for found in together(kinds, "Allow")
    }
    return "\n".join([*lines, *(f"{name}: {_any(conditions)}" for name, conditions in groups.items())])


def _any(conditions: list[str]) -> str:
    """Fn::Or takes two to ten conditions."""
    if len(conditions) == 1:
        return f"!Condition {conditions[0]}"
    if len(conditions) > 10:
        half = len(conditions) // 2
        return f"!Or [{_any(conditions[:half])}, {_any(conditions[half:])}]"
    return f"!Or [{', '.join(f'!Condition {condition}' for condition in conditions)}]"


def _resources(kinds: list[Kind]) -> str:
    lines = [
        "RESOURCES: !Join",
        '  - ";"',
        "  - - !Join",
        '      - ","',
        '      - - !If [ManagesByProject, !Sub "*:${ProjectName}-*", "*:"]',
        "        - !If",
        "          - ExcludesAnything",
        '          - !Sub ["!${Names}", { Names: !Join [",!", !Split [",", !Ref Exclude]] }]',
        "          - !Ref AWS::NoValue",
    ]
    lines += [
        f'    - !If [{kind.by_project}, !Ref AWS::NoValue, !Sub "{kind.name}:${{{kind.parameter}}}"]' for kind in kinds
    ]
    return "\n".join(lines)


def _allowing(kinds: list[Kind]) -> list[str]:
    """A policy has the name and the description of its largest kind.

    With another description, CloudFormation would make it anew: for a while both would be the role's, which takes ten.
    """
    policies = []
    for found in together(kinds, "Allow"):
        statements = [f"# {kind.word('Title')}. {kind.word('Description')}\n{_allowed(kind, found)}" for kind in found]
        name = found[0].word("Policy")
        policies.append(_policy(name, f"Needs{name}", found[0].word("Description"), statements))
    return policies


def _allowed(kind: Kind, found: list[Kind]) -> str:
    """What a kind is allowed. A policy of its own has its condition already."""
    statements = kind.statements("Allow")
    return statements if found == [kind] else _conditional(statements, kind.managed)


def _conditional(statements: str, condition: str) -> str:
    """Statements of a policy in which other kinds have theirs, too."""
    lines: list[str] = []
    open_statement = False
    for line in statements.splitlines():
        if open_statement and not line.startswith(" "):
            lines.append("  - !Ref AWS::NoValue")
            open_statement = False
        if line.startswith("- "):
            lines += ["- !If", f"  - {condition}", f"  {line}"]
            open_statement = True
        else:
            lines.append(f"  {line}" if open_statement else line)
    return "\n".join([*lines, "  - !Ref AWS::NoValue"])


def _denying(kinds: list[Kind]) -> list[str]:
    policies = []
    for number, found in enumerate(together(kinds, "Deny"), 1):
        name = "ExcludePolicy" if number == 1 else f"ExcludePolicy{number}"
        statements = [kind.statements("Deny") for kind in found]
        policies.append(
            _policy(name, "HasExclude", "What must never be changed, whatever else is allowed.", statements)
        )
    return policies


def _policy(name: str, condition: str, description: str, statements: list[str]) -> str:
    return "\n".join(
        [
            f"{name}:",
            "  Type: AWS::IAM::ManagedPolicy",
            f"  Condition: {condition}",
            "  Properties:",
            f"    Description: {description}",
            "    Roles: [!Ref FunctionRole]",
            "    PolicyDocument:",
            '      Version: "2012-10-17"',
            "      Statement:",
            indent("\n".join(statements), " " * 8),
        ]
    )


if __name__ == "__main__":
    TEMPLATE.write_text(assemble(kinds(), (INFRA / "base.yaml").read_text()))
    sys.exit(0)
