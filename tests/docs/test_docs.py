"""What the docs name is there: pages, headings, files, targets of make, sample events. No network."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .pages import ROOT, anchors, links, pages, prose

PAGES = pages()
README = ROOT / "README.md"
FOLDERS = ("src", "tests", "infra", "events", "benches", "docs", ".github")


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def test_the_pages_are_found() -> None:
    found = {name(page) for page in PAGES}
    assert {"README.md", "CONTRIBUTING.md", "docs/semantics.md", "docs/kinds/sagemaker.md"} <= found


def test_a_link_and_a_heading_are_read_as_github_reads_them(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# `a`: One, *two*\n## Again\n## Again\n```\n# no [link](here.md)\n```\n[x](a.md#b) ![y](c.svg) `[z](d.md)`\n"
    )
    assert anchors(page) == {"a-one-two", "again", "again-1"}
    assert links(page) == ["a.md#b", "c.svg"]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_leads_somewhere(page: Path) -> None:
    wrong = []
    for link in links(page):
        if re.match(r"[a-z]+:", link):
            if not link.startswith("https://"):
                wrong.append(f"{link}: only https leads out of here")
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or not target.is_relative_to(ROOT):
            wrong.append(f"{link}: there is no such file")
        elif anchor and (target.suffix != ".md" or anchor not in anchors(target)):
            wrong.append(f"{link}: there is no such heading")
    assert not wrong


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_file_that_is_named_is_there(page: Path) -> None:
    named = re.findall(rf"(?<![\w/.])((?:{'|'.join(FOLDERS)})/[\w./-]*[\w/])", page.read_text())
    # What is made only when it is used, and what stands for something else.
    made = {"infra/samconfig.toml"}
    missing = {path for path in named if "KIND" not in path and path not in made and not (ROOT / path).exists()}
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_target_of_make_that_is_named_is_there(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z][a-z-]*)(?=[ `\n])", page.read_text(), re.MULTILINE))
    assert named <= targets


def test_the_readme_is_short() -> None:
    assert len(README.read_text().splitlines()) <= 160


def test_every_page_is_reached_from_the_readme() -> None:
    reached, left = set(), [README]
    while left:
        page = left.pop()
        reached.add(page)
        for link in links(page):
            target = (page.parent / link.partition("#")[0]).resolve()
            # GitHub shows a folder's files.
            found = sorted(target.glob("*.md")) if target.is_dir() else [target]
            left += [path for path in found if path.suffix == ".md" and path.is_file() and path not in reached]
    lost = {page for page in PAGES if page not in reached and page.is_relative_to(ROOT / "docs")}
    assert not lost


def test_every_sample_event_is_in_the_reference() -> None:
    reference = links(ROOT / "docs" / "reference.md")
    assert {f"../events/{path.name}" for path in (ROOT / "events").iterdir()} <= set(reference)


def test_every_module_is_in_the_code_map() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    code_map = page.partition("\n## Code map\n")[2].partition("\n## ")[0]
    cells = [row.split("|")[1] for row in code_map.splitlines() if row.startswith("|")]
    named = set(re.findall(r"`([\w/]+?)/?`", " ".join(cells)))
    src = ROOT / "src"
    modules = {str(path.relative_to(src).with_suffix("")) for path in [*src.glob("*"), *src.glob("kinds/*.rs")]}
    missing = modules - named
    gone = {path for path in named - modules - {"kinds/KIND"} if not (ROOT / path).is_dir()}
    assert (missing, gone) == (set(), set())


def test_no_table_has_a_row_with_too_few_or_too_many_cells() -> None:
    wrong = []
    for page in PAGES:
        width = 0
        for number, line in enumerate(prose(page).splitlines(), 1):
            cells = re.sub(r"``.*?``|`[^`]*`", "", line.replace("\\|", "")).count("|") if line.startswith("|") else 0
            if cells and width and cells != width:
                wrong.append(f"{name(page)}: row {number} of its prose: {line[:60]}")
            width = cells
    assert not wrong
