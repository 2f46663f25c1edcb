"""What `--help` says: every verb with an example that is one, all of it in 80 columns."""

import re
import shlex
from collections.abc import Iterator
from importlib.metadata import version

import pytest
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command
from typer.testing import CliRunner

from fairness_audit.cli.app import app
from fairness_audit.errors import ExitCode


def verbs(command: object, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every verb, as the words it is typed with."""
    if isinstance(command, TyperGroup):
        for name, each in command.commands.items():
            yield from verbs(each, (*words, name))
    else:
        yield words


VERBS = list(verbs(get_command(app)))
each_verb = pytest.mark.parametrize("words", VERBS, ids=" ".join)


def helped(*words: str) -> list[str]:
    result = CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": "80"})
    assert result.exit_code == 0
    return result.output.splitlines()


def command_of(words: tuple[str, ...]) -> TyperCommand:
    command: object = get_command(app)
    for word in words:
        assert isinstance(command, TyperGroup)
        command = command.commands[word]
    assert isinstance(command, TyperCommand)
    return command


def test_every_verb_is_looked_at() -> None:
    assert {("gate",), ("measure",), ("ledger", "status"), ("snapshot", "diff")} <= set(VERBS)
    assert len(VERBS) == 24


@each_verb
def test_help_fits_80_columns(words: tuple[str, ...]) -> None:
    assert max(map(len, helped(*words))) <= 80


@pytest.mark.parametrize("words", [(), ("ledger",), ("snapshot",)], ids=" ".join)
def test_each_verb_is_told_in_a_line_that_is_whole(words: tuple[str, ...]) -> None:
    lines = helped(*words)
    assert max(map(len, lines)) <= 80
    assert not [line for line in lines if line.startswith("  ") and line.endswith("...")]


@each_verb
def test_each_verb_has_an_example_that_could_be_typed(words: tuple[str, ...]) -> None:
    """With options that there are, and everything that must be there."""
    _, separator, after = "\n".join(helped(*words)).partition("  Examples:\n")
    assert separator, "no examples"
    block = after.partition("\n\n")[0].replace("\\\n", " ")
    examples = [shlex.split(line, comments=True) for line in block.splitlines()]
    assert examples
    for example in examples:
        given = example[: example.index(">")] if ">" in example else example
        assert tuple(given[: len(words) + 1]) == ("fairness-audit", *words)
        command_of(words).make_context("example", given[len(words) + 1 :])


def test_the_exit_codes_are_a_table_of_the_first_page() -> None:
    said = " ".join(" ".join(helped()).split())
    for code in ExitCode:
        assert f"{code.value} {code.meaning}" in said


def test_the_version() -> None:
    said = CliRunner().invoke(app, ["--version"])
    assert (said.exit_code, said.output) == (0, f"fairness-audit {version('fairness-audit')}\n")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_can_complete(shell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Otherwise the shell is the one that the tests run in, and where there is none, an error.
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")
    result = CliRunner().invoke(app, ["--show-completion", shell], prog_name="fairness-audit")
    assert result.exit_code == 0
    assert "_FAIRNESS_AUDIT_COMPLETE" in result.output


def completed(typed: str, position: int) -> list[str]:
    asking = {
        "_FAIRNESS_AUDIT_COMPLETE": "complete_bash",
        "COMP_WORDS": typed,
        "COMP_CWORD": str(position),
    }
    result = CliRunner().invoke(app, [], prog_name="fairness-audit", env=asking)
    return re.split(r"\s+", result.output.strip())


def test_verbs_models_and_formats_are_completed() -> None:
    assert completed("fairness-audit me", 1) == ["measure", "metrics"]
    assert completed("fairness-audit run l", 2) == ["lead_scoring"]
    assert completed("fairness-audit gate --model ", 3) == ["lead_scoring", "offer_targeting"]
    assert completed("fairness-audit check --format ", 3) == ["table", "json", "csv"]


def test_where_there_is_no_installation_no_model_is_completed(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAIRNESS_AUDIT_HOME", str(tmp_path))
    assert completed("fairness-audit run ", 2) == [""]
