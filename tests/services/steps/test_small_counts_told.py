"""No output of an audit tells a small number of people: the canary of all of them.

What is planted here again is found, so that it could not be told unnoticed.
"""

import logging
from importlib import import_module
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fairness_audit.cli.app import app
from fairness_audit.cli.candidate import print_changes
from fairness_audit.files import write_bytes
from fairness_audit.ledger.keys import public_pem
from fairness_audit.policy.metrics import Rate
from fairness_audit.records.comparison import Comparison
from fairness_audit.steps.judge.tables import Tables
from fairness_audit.steps.validate import judged
from tests.builders.canary import PEOPLE, Canary, score_log, small_counts, told_in
from tests.builders.published import SIGNER

SMALL = small_counts(score_log())
AUDITED = PEOPLE.of(PEOPLE.where())
SECRET = SMALL | {len(score_log())}
"""From how many were logged, of whom few were lost, one could work out how few."""
VERBS = (
    ("verify",), ("verify", "--format", "json"),
    ("plan", "lead_scoring"), ("plan", "lead_scoring", "--format", "json"),
    ("waivers",), ("ledger", "status"),
)  # fmt: skip


@pytest.fixture
def canary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Canary:
    write_bytes(tmp_path / "keys" / "trusted" / "key.pem", public_pem(SIGNER.public_key))
    monkeypatch.setenv("FAIRNESS_AUDIT_HOME", str(tmp_path))
    monkeypatch.setenv("FAIRNESS_AUDIT_STATE", str(tmp_path))
    monkeypatch.delenv("FAIRNESS_AUDIT_HEADS", raising=False)
    monkeypatch.delenv("FAIRNESS_AUDIT_LEDGER", raising=False)
    return Canary.made(tmp_path)


def test_no_output_tells_a_small_number_of_people(
    canary: Canary, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG, logger="fairness_audit")
    said = canary.run()
    print_changes(Comparison.model_validate_json(said["comparison.json"]))
    said["the table of changes"] = capsys.readouterr().out
    said["the log"] = caplog.text
    for verb in VERBS:
        result = CliRunner().invoke(app, verb)
        assert result.exit_code == 0, result.output
        said[f"fairness-audit {' '.join(verb)}"] = result.output
    assert told_in(said, SECRET, known=AUDITED) == {}
    assert canary.worked_out() == {}
    assert {"the record", "the review page", "page site/index.html"} <= said.keys()
    assert "lead_scoring version 1: 263,072 decisions, of all but a few are in" in said["the log"]
    assert {path.stat().st_mode & 0o777 for path in canary.confidential} == {0o600}
    losses = {path.name: path.read_text() for path in canary.confidential}["losses.json"]
    assert told_in({"losses": losses}, SMALL)  # which is why it is


PLANTED = {
    "what is assembled": ("assemble.assemble", "told", lambda count, *_, least: count),
    "counts of findings": ("judge.tables", "withheld", lambda *_: frozenset()),
    "who wins and loses": ("compare.compare", "suppressed", lambda groups, _: iter(groups)),
}


@pytest.mark.parametrize("what", PLANTED)
def test_a_number_that_is_told_again_is_found(
    what: str, canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, name, telling = PLANTED[what]
    monkeypatch.setattr(import_module(f"fairness_audit.steps.{place}"), name, telling)
    assert told_in(canary.run(checks=False), SECRET, known=AUDITED)


def test_a_number_that_others_give_away_is_found(
    canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each number is large: whose outcome is not known is what they leave of the group."""

    def by_themselves(tables: Tables, rate: Rate, grouping: str, group: str) -> tuple[int, int]:
        counted = tables.of(rate, grouping, group)
        return counted.successes, counted.decisions - counted.successes

    monkeypatch.setattr(Tables, "_cells", by_themselves)
    canary.run(checks=False)
    assert {"age_band 30-49, not known", "everybody, not known"} & canary.worked_out().keys()


def test_a_number_that_a_check_tells_again_is_found_on_its_page(
    canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sized(each: judged.GroupCount, minimum: int) -> judged.Seen:
        said = f"{each.group} has {each.decisions:,} decisions."
        return judged.Seen(each.group, each.decisions >= minimum, str(each.decisions), said)

    monkeypatch.setattr(judged, "_sized", sized)
    found = told_in(canary.run(), SMALL)
    assert any(where.startswith("page ") and where.endswith(".html") for where in found)


@pytest.mark.parametrize(
    "text",
    ["541 rows", "16 of 541.", "(541)", '{"rows":541}', "[1,541]", "<td>541</td>", "a=541,b=2",
     '{"n": 541.0}', '{"rows":1459,"decisions":2000}'],
)  # fmt: skip
def test_a_number_is_found_in_any_words(text: str) -> None:
    assert told_in({"": text}, frozenset({541})) == {"": {541}}


@pytest.mark.parametrize("text", ["1459 rows", f"[{541 / 1459}]", f"[{1459 / 1997}]", "[0.2915]"])
def test_a_number_is_found_behind_others(text: str) -> None:
    """As what is left of all, or as the only quotient that a share can be."""
    expected = {} if text == "[0.2915]" else {"": {541}}
    assert told_in({"": text}, frozenset({541}), known=2000) == expected


@pytest.mark.parametrize(
    "text", ["54.1 %", "541 %", "0.541", "1,541", "a541f", "2026-05-41", "5410", "1e-541"]
)
def test_other_numbers_are_none_of_people(text: str) -> None:
    assert told_in({"": text}, frozenset({541})) == {}
