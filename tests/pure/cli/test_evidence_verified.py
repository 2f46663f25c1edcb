"""Who verifies everything also verifies the evidence files that the records bind."""

import json
from pathlib import Path

import pytest
from airflow.sdk.exceptions import AirflowFailException
from typer.testing import CliRunner

from fairness_audit.cli.app import app
from fairness_audit.ledger.heads import Heads
from fairness_audit.pipeline.nightly import verify_ledger
from tests.builders.dated import Decided, after, counted_by_hand, with_evidence
from tests.builders.judging import gender_policy
from tests.builders.published import a_loaded_policy, an_audit, published
from tests.pure.cli.conftest import AUDITS


@pytest.fixture
def evidence(installed: Path) -> Path:
    """The evidence file of one more audit."""
    made = [Decided(after(1), "s", True, None, {"gender": "M"})]
    counted = counted_by_hand(gender_policy(), made, (after(0), after(7)))
    loaded = a_loaded_policy(installed, min_group_size=31)
    audit = an_audit(loaded, folder=installed / "run")
    given = with_evidence(audit["measurements"], installed / "run", counted)
    published(loaded, installed, measurements=given)
    (file,) = (installed / "evidence").iterdir()
    return file


def status() -> tuple[int, list[str], str]:
    result = CliRunner().invoke(app, ["ledger", "status", "--format", "json"])
    return result.exit_code, json.loads(result.stdout)["evidence_faults"], result.stderr


def test_files_that_are_there_and_unaltered_hold(evidence: Path) -> None:
    code, faults, told = status()
    assert (code, faults) == (0, [])
    assert told.count("warning:") == 1  # that one account may rewrite all of it
    assert verify_ledger.function() == f"{AUDITS + 1} records hold"


def test_a_file_that_is_lost_is_named_by_both(evidence: Path) -> None:
    evidence.unlink()
    code, (fault,), told = status()
    assert code == 1
    assert f"its evidence file {evidence} is missing" in fault
    assert str(evidence) in told.replace("\n", "")
    with pytest.raises(AirflowFailException, match="is missing"):
        verify_ledger.function()


def test_a_file_that_others_may_read_is_named_by_both(evidence: Path) -> None:
    evidence.chmod(0o644)
    code, (fault,), _ = status()
    assert code == 1
    assert fault == f"{evidence} is readable by others than its owner (chmod 600 {evidence})"
    with pytest.raises(AirflowFailException, match="is readable by others"):
        verify_ledger.function()


def test_who_holds_the_records_alone_needs_no_evidence(installed: Path, evidence: Path) -> None:
    """It is confidential: an outsider verifies records without it."""
    evidence.unlink()
    assert Heads(str(installed / "heads")).length() == AUDITS + 1
    result = CliRunner().invoke(app, ["verify"])
    assert result.exit_code == 0, result.output
