"""Rust's doc comments begin with one plain sentence, and files end before they are too long to read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .pages import ROOT

FILES = sorted(path for folder in ("src", "tests", "benches") for path in (ROOT / folder).rglob("*.rs"))
DOC = re.compile(r"\s*//[/!] ?(.*)")
WORDS = 15
LINES = 400


def first_sentences(text: str) -> list[str]:
    """The first sentence of every doc comment. Where none ends, it is the whole first paragraph."""
    sentences, paragraph, is_first = [], [], True
    for line in [*text.splitlines(), ""]:
        found = DOC.fullmatch(line)
        if found and is_first and found[1].strip():
            paragraph.append(found[1].strip())
            continue
        if paragraph:
            sentences.append(re.split(r"(?<=[.:!?])\s", " ".join(paragraph))[0])
            paragraph = []
        is_first = found is None
    return sentences


def faults(sentence: str) -> list[str]:
    """What is wrong with a first sentence, as far as a machine can tell."""
    found = []
    if len(sentence.split()) > WORDS:
        found.append(f"over {WORDS} words")
    if not re.search(r"[.:!?]\)?$", sentence):
        found.append("no end")
    if re.match(r"(It|Its|They|The same|What|Where|When|Why|How|Whether|As|…)\b", sentence):
        found.append("no subject of its own")
    return found


def test_the_first_sentence_is_read_across_lines_and_no_further() -> None:
    text = "/// One two\n/// three. Four.\n///\n/// Five.\nfn f() {}\n//! Six\n\n/// - `seven`\nlet x = 1; // eight\n"
    assert first_sentences(text) == ["One two three.", "Six", "- `seven`"]
    assert faults("It has no end") == ["no end", "no subject of its own"]
    assert faults("a " * (WORDS + 1) + ".") == [f"over {WORDS} words"]
    assert faults("The plan chooses.") == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_doc_comment_begins_with_a_plain_sentence(path: Path) -> None:
    wrong = {sentence: found for sentence in first_sentences(path.read_text()) if (found := faults(sentence))}
    assert wrong == {}


@pytest.mark.parametrize("path", sorted((ROOT / "src").rglob("*.rs")), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_is_much_longer_than_is_read_at_once(path: Path) -> None:
    lines = path.read_text().split("#[cfg(test)]")[0].count("\n")
    assert lines <= LINES or path.name == "tests.rs"
