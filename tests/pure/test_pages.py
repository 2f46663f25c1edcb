"""The pages that people read: what they link, command and name exists."""

import importlib
import re
import shlex
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

import pytest
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from fairness_audit.cli.app import app
from fairness_audit.cli.reference.markdown import anchor
from fairness_audit.registry.training import TAG
from fairness_audit.sources.connections import SOURCES
from tests import CHECKOUT

README = CHECKOUT / "README.md"
MANUAL = sorted((CHECKOUT / "docs").glob("*.md"))
PAGES = [README, *MANUAL, *sorted((CHECKOUT / "plugins").rglob("README.md"))]
TEXTS = {page: page.read_text(encoding="utf-8") for page in PAGES}

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
INLINE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)", re.DOTALL)
PLACEHOLDER = re.compile(r"<[^>]+>")
VERB = get_command(app)

each_page = pytest.mark.parametrize(
    "page", PAGES, ids=lambda page: str(page.relative_to(CHECKOUT))
)


def prose(page: Path) -> str:
    """A page without its blocks of code."""
    return BLOCK.sub("", TEXTS[page])


def inline(page: Path) -> list[str]:
    """What a page sets in code, in its prose; in a table `|` is written `\\|`."""
    return [text.replace(r"\|", "|") for text in INLINE.findall(prose(page))]


def test_the_readme_is_one_screen_of_each_thing() -> None:
    assert len(TEXTS[README].splitlines()) <= 150, "the manual is in docs/, by reader"


def test_there_is_a_page_for_every_reader() -> None:
    assert {page.stem for page in MANUAL} == {
        "extend", "gate", "govern", "operate", "reference", "statistics", "threat-model",
        "verdicts",
    }  # fmt: skip
    assert {f"docs/{page.name}" for page in MANUAL} <= set(LINK.findall(TEXTS[README]))


# --- links --------------------------------------------------------------------------------------


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#{1,6} (.+)$", BLOCK.sub("", page.read_text("utf-8")), re.MULTILINE)
    return {anchor(heading) for heading in headings}


@each_page
def test_every_link_leads_somewhere(page: Path) -> None:
    broken = []
    for target in LINK.findall(prose(page)):
        if target.startswith("https://"):
            continue
        file, _, heading = target.partition("#")
        place = (page.parent / file).resolve() if file else page
        if not place.is_file() or (heading and heading not in anchors(place)):
            broken.append(target)
    assert not broken


@each_page
def test_every_heading_is_called_differently(page: Path) -> None:
    headings = re.findall(r"^#{1,6} (.+)$", prose(page), re.MULTILINE)
    assert len({anchor(heading) for heading in headings}) == len(headings)


# --- commands -----------------------------------------------------------------------------------


def shell_lines(page: Path) -> Iterator[str]:
    for language, block in BLOCK.findall(TEXTS[page]):
        if language == "sh":
            yield from re.sub(r"\\\n\s*", "", block).splitlines()


def command_of(words: list[str]) -> tuple[TyperCommand | TyperGroup, list[str]]:
    """The command that words begin with, and the rest of them."""
    found: TyperCommand | TyperGroup = VERB
    while isinstance(found, TyperGroup) and words and not words[0].startswith("-"):
        inside = found.commands.get(words[0])
        assert isinstance(inside, TyperCommand | TyperGroup), f"there is no {words[0]}"
        found, words = inside, words[1:]
    return found, words


@each_page
def test_every_line_of_a_shell_that_calls_us_can_be_typed(page: Path) -> None:
    for line in shell_lines(page):
        words = shlex.split(line, comments=True)
        if words[:1] == ["fairness-audit"]:
            typed = list(takewhile(lambda word: word not in {">", "|", "&&"}, words[1:]))
            command, rest = command_of(typed)
            command.make_context(line, rest)  # raises what a terminal would say


def test_the_pages_call_us() -> None:
    lines = [line for page in PAGES for line in shell_lines(page)]
    assert sum(line.startswith("fairness-audit ") for line in lines) > 15


@each_page
def test_every_command_that_is_named_has_these_options(page: Path) -> None:
    for text in inline(page):
        if not text.startswith("fairness-audit ") or "<" in text.split()[1]:
            continue
        command, rest = command_of(text.split()[1:])
        options = {name for each in command.params for name in (*each.opts, *each.secondary_opts)}
        given = {word for word in rest if word.startswith("-")}
        assert given <= options, text


@each_page
def test_every_verb_of_make_that_is_named_is_one(page: Path) -> None:
    makefile = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
    verbs = set(re.findall(r"^([a-z0-9-]+):.*## ", makefile, re.MULTILINE))
    lines = [*inline(page), *shell_lines(page)]
    named = {found[1] for line in lines if (found := re.match(r"make ([a-z0-9-]+)", line))}
    assert named <= verbs


# --- names --------------------------------------------------------------------------------------


@each_page
def test_every_path_that_is_named_is_there(page: Path) -> None:
    tops = {each.name for each in CHECKOUT.iterdir()} - {".local"}
    missing = []
    for text in inline(page):
        path = text.rstrip("/")
        if ("/" not in path and "." not in path) or path.split("/")[0] not in tops:
            continue
        if path not in was_names() and not list(CHECKOUT.glob(PLACEHOLDER.sub("*", path))):
            missing.append(text)
    assert not missing


def renamed() -> list[tuple[str, str]]:
    """What the manual says was, and is."""
    _, _, part = TEXTS[CHECKOUT / "docs" / "operate.md"].partition("\n## Renamed")
    rows = [line for line in part.splitlines() if line.startswith("| ")][1:]
    return [tuple(INLINE.findall(row)[-2:]) for row in rows]  # type: ignore[misc]


def was_names() -> set[str]:
    return {was.rstrip("/") for was, _ in renamed()}


def is_there(name: str) -> bool:
    """Whether a dotted name can be imported, or a folder of the package exists."""
    if "/" in name:
        return (CHECKOUT / name).is_dir()
    module, _, attribute = name.rpartition(".")
    try:
        importlib.import_module(name)
    except ImportError:
        try:
            return hasattr(importlib.import_module(module), attribute)
        except ImportError:
            return False
    return True


def test_what_was_renamed_is_where_the_manual_says() -> None:
    assert len(renamed()) > 5
    assert [was for was, _ in renamed() if is_there(was)] == []
    assert [now for _, now in renamed() if not is_there(now)] == []


def test_every_module_that_is_named_is_there() -> None:
    names = {
        name
        for page in PAGES
        for name in re.findall(r"\bfairness_audit(?:\.[a-z_]+)+", TEXTS[page])
    }
    assert names >= {"fairness_audit.release.promotion_of", TAG}
    modules = names - was_names() - {TAG}
    assert [name for name in sorted(modules) if not is_there(name)] == []


def test_every_row_of_the_threat_model_names_tests_that_there_are() -> None:
    lines = TEXTS[CHECKOUT / "docs" / "threat-model.md"].splitlines()
    rows = [line for line in lines if line.startswith("| ") and not line.endswith("| test |")]
    assert len(rows) > 20
    modules = {file.stem: file.read_text("utf-8") for file in (CHECKOUT / "tests").rglob("*.py")}
    for row in rows:
        named = re.findall(r"`(test_\w+)::(test_\w+)`", row.rpartition("|")[0].rpartition("|")[2])
        assert named, row
    for module, name in re.findall(r"`(test_\w+)::(test_\w+)`", "\n".join(lines)):
        assert f"def {name}(" in modules.get(module, ""), f"{module}::{name}"


LAW = re.compile(r"\b(AI Act|Annex|GDPR|omnibus|Local Law|Equal Credit)\b", re.IGNORECASE)


def test_no_text_says_from_when_a_law_applies() -> None:
    """Dates of law move, and a text that is read for years does not: counsel knows them."""
    package = CHECKOUT / "plugins" / "fairness_audit"
    shown = [*PAGES, *package.rglob("*.j2"), *(CHECKOUT / "expectations").rglob("*.yaml")]
    for page in shown:
        for paragraph in page.read_text("utf-8").split("\n\n"):
            if LAW.search(paragraph) and re.search(r"\b20\d\d\b", paragraph):
                assert "counsel" in paragraph, f"{page}: {paragraph}"


def test_every_type_of_connection_is_described() -> None:
    _, _, part = TEXTS[CHECKOUT / "docs" / "extend.md"].partition("| connection type |")
    table = part.partition("\n\n")[0]
    types = {name for row in table.splitlines()[2:] for name in INLINE.findall(row.split("|")[1])}
    assert types == set(SOURCES)
