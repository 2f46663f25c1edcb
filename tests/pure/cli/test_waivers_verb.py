"""`fairness-audit waivers`, on a ledger of its own."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fairness_audit.cli.app import app
from fairness_audit.files import write_bytes
from fairness_audit.ledger.keys import public_pem
from fairness_audit.steps.publish import publish_review
from tests.builders.published import (
    FAILED,
    SIGNER,
    STRANGER,
    TRUSTED,
    a_ledger,
    a_record,
    a_review,
    appended,
)

LONG = "Every lead that the model refuses is called by a person within two days, " * 3


@pytest.fixture
def waived(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ledger with a waiver that is in force and one that has expired."""
    for folder in ("expectations", "sql"):
        (tmp_path / folder).mkdir()
    write_bytes(tmp_path / "keys" / "trusted" / "key.pem", public_pem(SIGNER.public_key))
    monkeypatch.setenv("FAIRNESS_AUDIT_HOME", str(tmp_path))
    monkeypatch.setenv("FAIRNESS_AUDIT_STATE", str(tmp_path))
    monkeypatch.delenv("FAIRNESS_AUDIT_HEADS", raising=False)
    monkeypatch.delenv("FAIRNESS_AUDIT_LEDGER", raising=False)
    ledger, now = a_ledger(tmp_path), datetime.now(UTC)
    for version, ends in (("1", now + timedelta(days=9)), ("2", now - timedelta(days=1))):
        audit = a_record(verdict="fail", findings=[FAILED], model_version=version)
        appended(ledger, verdict="fail", findings=[FAILED], model_version=version)
        review = a_review(audit, expires=ends, compensating_control=LONG)
        publish_review(
            review,
            ledger=ledger,
            signer=SIGNER,
            trusted=lambda: TRUSTED,
            records=tmp_path / "records",
        )


@pytest.mark.usefixtures("waived")
def test_waivers_are_listed_in_80_columns() -> None:
    shown = CliRunner().invoke(app, ["waivers"])
    assert shown.exit_code == 0, shown.output
    lines = shown.output.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].startswith("lead_scoring version 1: in force until ")
    assert lines[1] == f"  {FAILED.id}"
    assert lines[2] == "  owner responsible-ai; waived by ada and grace"
    assert "lead_scoring version 2: expired on " in shown.output
    assert lines[-1] == "2 waivers, 1 in force"


@pytest.mark.usefixtures("waived")
def test_waivers_as_json_and_of_one_model() -> None:
    listed = json.loads(CliRunner().invoke(app, ["waivers", "--format", "json"]).output)
    assert [each["state"] for each in listed] == ["in force", "expired"]
    assert listed[0]["approvers"] == ["ada", "grace"]
    other = CliRunner().invoke(app, ["waivers", "--model", "other"])
    assert (other.exit_code, other.stdout) == (2, "")
    assert "no model 'other': audited are none (name one of them, or write " in other.stderr
    assert CliRunner().invoke(app, ["waivers", "--format", "xml"]).exit_code == 2


@pytest.mark.usefixtures("waived")
def test_waivers_as_csv_have_a_row_each() -> None:
    shown = CliRunner().invoke(app, ["waivers", "--model", "lead_scoring", "--format", "csv"])
    rows = list(csv.DictReader(io.StringIO(shown.output)))
    assert [each["state"] for each in rows] == ["in force", "expired"]
    assert rows[0]["approvers"] == "ada; grace"


@pytest.mark.usefixtures("waived")
def test_a_ledger_that_does_not_hold_lists_nothing(tmp_path: Path) -> None:
    write_bytes(tmp_path / "keys" / "trusted" / "key.pem", public_pem(STRANGER.public_key))
    shown = CliRunner().invoke(app, ["waivers"])
    assert shown.exit_code == 1
    assert "in force" not in shown.output
    assert "not trusted" in shown.output
