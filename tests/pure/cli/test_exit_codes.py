"""One table of exit codes, kept by every verb."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from fairness_audit import errors
from fairness_audit.cli.app import app
from fairness_audit.cli.audits import Audited
from fairness_audit.cli.verb import verb
from fairness_audit.errors import ExitCode, LedgerError, RecordError
from fairness_audit.files import write_bytes
from fairness_audit.ledger.keys import public_pem
from fairness_audit.steps.gate.overtaken import by_own_verdict
from tests.builders.published import SIGNER, a_loaded_policy, a_record, published


@pytest.fixture
def edited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation whose only record was edited, in the ledger and in its file."""
    (tmp_path / "sql").mkdir()
    loaded = a_loaded_policy(tmp_path)
    for name in ("HOME", "STATE"):
        monkeypatch.setenv(f"FAIRNESS_AUDIT_{name}", str(tmp_path))
    write_bytes(tmp_path / "keys" / "trusted" / "key.pem", public_pem(SIGNER.public_key))
    record = published(loaded, tmp_path)
    write_bytes(record.file, record.file.read_bytes().replace(b"a", b"b", 1))
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as connection:
        triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in triggers.fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("UPDATE fairness_audit_ledger SET envelope = '{}'")
        connection.commit()
    return tmp_path


@pytest.mark.parametrize(
    "words",
    [
        "ledger status",
        "ledger rotate-key",
        "waivers",
        "recall --from snapshot",
        "recall lead_scoring",
        "replay 12345678",
        "verify",
        "verify-serving FOLDER --model lead_scoring --version 1",
    ],
)
def test_records_that_do_not_hold_are_refused_by_every_verb(edited: Path, words: str) -> None:
    result = CliRunner().invoke(app, words.replace("FOLDER", str(edited)).split())
    assert result.exit_code == ExitCode.REFUSED, result.output
    assert "DSSE envelope" in result.stderr


def test_a_run_that_ends_on_such_records_is_refused_too() -> None:
    def code(error: BaseException | str | None) -> int:
        return Audited("lead_scoring", "1", None, None, error).exit_code

    assert code(RecordError("edited")) == ExitCode.REFUSED
    assert code(LedgerError("cannot be reached")) == ExitCode.CANNOT_TELL
    assert code(ValueError("?")) == code("?") == code(None) == ExitCode.CANNOT_TELL


def test_a_version_that_is_fine_and_stays_out_of_production_is_no_yes() -> None:
    """Who deploys on exit 0 would deploy by an audit that newer ones have overtaken."""
    for stays, code, gate in (
        (None, ExitCode.GOOD, "allow"),
        ("the newest audit is as of today", ExitCode.REFUSED, "not promoted"),
    ):
        decision = by_own_verdict(a_record(), "").model_copy(update={"stays": stays})
        audited = Audited("lead_scoring", "1", None, decision, None)
        assert (audited.exit_code, audited.row()[2]) == (code, gate)


def test_every_error_of_an_operator_has_a_code_of_the_table() -> None:
    kinds = [
        each
        for each in vars(errors).values()
        if isinstance(each, type) and issubclass(each, errors.AuditError)
    ]
    assert {kind.__name__ for kind in kinds if kind.exit_code is ExitCode.REFUSED} == {
        "RecordError",
        "StaleJudgement",
    }
    assert all(isinstance(kind.exit_code, ExitCode) for kind in kinds)


def test_no_error_is_a_yes() -> None:
    assert [each.value for each in ExitCode] == [0, 1, 2, 130]
    assert ExitCode.GOOD.meaning.startswith("Yes")
    assert not any(each.meaning.startswith("Yes") for each in ExitCode if each)


@pytest.mark.parametrize("words", ["nope", "gate", "gate --model", "measure --nope"])
def test_what_is_not_understood_cannot_be_told(words: str) -> None:
    assert CliRunner().invoke(app, words.split()).exit_code == ExitCode.CANNOT_TELL


def ended_by(error: BaseException) -> tuple[int, str]:
    """The exit code of a verb that ends so, and what it says."""
    alone = typer.Typer()

    @alone.command()
    @verb()
    def fails() -> None:
        raise error

    result = CliRunner().invoke(alone)
    return result.exit_code, result.stderr


def test_a_fault_of_the_program_is_shown_and_is_no_answer() -> None:
    code, said = ended_by(ZeroDivisionError("of ours"))
    assert code == ExitCode.CANNOT_TELL
    assert "Traceback" in said
    assert "ZeroDivisionError: of ours" in said
    assert "this is a fault of the program" in said


def test_a_person_may_end_it() -> None:
    assert ended_by(KeyboardInterrupt())[0] == ExitCode.INTERRUPTED


@pytest.mark.parametrize("code", [ExitCode.GOOD, ExitCode.REFUSED])
def test_an_answer_is_no_fault(code: ExitCode) -> None:
    assert ended_by(typer.Exit(code)) == (code, "")
