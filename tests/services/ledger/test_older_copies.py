"""An older copy of ledger and heads together: it holds, and is told by who saw a newer one."""

import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fairness_audit.cli.app import app
from fairness_audit.errors import RecordError
from fairness_audit.ledger.checkpoint import vouched_for
from fairness_audit.ledger.evidence import EvidenceStore
from fairness_audit.ledger.heads import Heads
from fairness_audit.ledger.history import history
from fairness_audit.ledger.ledger import Ledger
from fairness_audit.ledger.verified import verified_ledger
from fairness_audit.ledger.verify import verify_records
from fairness_audit.ledger.witness import rewritable
from fairness_audit.policy.load import LoadedPolicy
from fairness_audit.records.finding import Judgement, Verdict
from fairness_audit.records.signed.audit import GateDecision
from fairness_audit.steps.gate import ask
from fairness_audit.steps.publish import publish
from tests.builders.fakes import FakeRegistry
from tests.builders.published import (
    FAILED,
    MODEL,
    NOW,
    SIGNER,
    TRUSTED,
    a_finding,
    an_audit,
    digest,
)

FAILS = Judgement(verdict=Verdict.FAIL, findings=(FAILED, a_finding()))
KEPT = ("ledger.db", "heads")


class Place:
    """A ledger, and where else its heads may be known."""

    def __init__(self, folder: Path, loaded: LoadedPolicy) -> None:
        self.folder, self.loaded = folder, loaded

    def ledger(self, *, witness: bool = False, memory: bool = False) -> Ledger:
        return Ledger(
            f"sqlite:///{self.folder / 'ledger.db'}",
            Heads(str(self.folder / "heads")),
            witness=Heads(str(self.folder / "witness")) if witness else None,
            memory=self.folder / "seen" if memory else None,
        )

    def publish(self, ledger: Ledger, **changes: Any) -> None:
        publish(
            self.loaded,
            ledger=ledger,
            evidence=EvidenceStore(self.folder / "evidence"),
            signer=SIGNER,
            trusted=lambda: TRUSTED,
            records=self.folder / "records",
            now=NOW,
            **an_audit(self.loaded, folder=self.folder / "run", **changes),
        )

    def asked(self, ledger: Ledger) -> GateDecision:
        return ask(
            self.loaded,
            model_version="1",
            ledger=ledger,
            registry=FakeRegistry({(MODEL, "1"): digest("artifact 1")}),
            trusted_keys=self.folder / "keys" / "trusted",
            now=NOW,
        )

    def saved(self) -> None:
        for name in (*KEPT, "records"):
            copy = self.folder / "before" / name
            copy.parent.mkdir(exist_ok=True)
            (shutil.copytree if name != "ledger.db" else shutil.copy)(self.folder / name, copy)

    def put_back(self, *names: str) -> None:
        for name in names or KEPT:
            there = self.folder / name
            if there.is_dir():
                shutil.rmtree(there)
                shutil.copytree(self.folder / "before" / name, there)
            else:
                shutil.copy(self.folder / "before" / name, there)


@pytest.fixture
def place(tmp_path: Path, loaded: LoadedPolicy) -> Place:
    """Version 1 passed; then it failed, and all that is known is put back to before."""
    return Place(tmp_path, loaded)


def failed_and_put_back(place: Place, open_ledger: Callable[[], Ledger]) -> None:
    place.publish(open_ledger())
    place.saved()
    failed = an_audit(place.loaded)["population"].model_copy(update={"digest": digest("later")})
    place.publish(open_ledger(), judgement=FAILS, population=failed)
    assert place.asked(open_ledger()).decision == "block"
    place.put_back()


def test_without_a_witness_it_holds(place: Place) -> None:
    failed_and_put_back(place, place.ledger)
    assert place.asked(place.ledger()).decision == "allow"


@pytest.mark.parametrize("known", ["witness", "memory"])
def test_who_saw_a_newer_one_refuses_it_everywhere(place: Place, known: str) -> None:
    def opened() -> Ledger:
        return place.ledger(**{known: True})

    failed_and_put_back(place, opened)
    said = place.asked(opened())
    assert said.decision == "block"
    assert "older copy: record 2 is not there, which" in said.reasons[0]
    assert "restore the newest copy of both" in said.reasons[0]
    with pytest.raises(RecordError, match="are an older copy, or others"):
        verified_ledger(opened(), TRUSTED)
    with pytest.raises(RecordError, match="are an older copy, or others"):
        place.publish(opened(), version="2")
    to_come: Any = None  # asked for when the ledger holds, and not before
    with pytest.raises(RecordError, match="older copy"):
        history(opened(), lambda: TRUSTED, to_come, to_come)


def test_another_record_of_the_same_number_is_told_too(place: Place) -> None:
    failed_and_put_back(place, lambda: place.ledger(witness=True))
    place.publish(place.ledger(), version="2")
    place.publish(place.ledger(), version="3")
    for ledger in (place.ledger(witness=True), place.ledger(memory=True, witness=True)):
        said = place.asked(ledger)
        assert said.decision == "block"
        assert "record 2 is another one, which" in said.reasons[0]


def test_nor_is_a_ledger_begun_anew_behind_a_memory(place: Place) -> None:
    place.publish(place.ledger())
    assert place.asked(place.ledger(memory=True)).decision == "allow"
    for name in KEPT:
        there = place.folder / name
        shutil.rmtree(there) if there.is_dir() else there.unlink()
    with pytest.raises(RecordError, match="record 1 is not there"):
        place.publish(place.ledger(memory=True), version="2")


def test_what_is_lost_for_good_is_gone_on_from_as_it_is_told(place: Place) -> None:
    failed_and_put_back(place, lambda: place.ledger(memory=True))
    reason = place.asked(place.ledger(memory=True)).reasons[0]
    (kept,) = (place.folder / "seen").iterdir()
    assert f"if there is none any more, move {kept} away" in reason
    kept.rename(place.folder / "seen-before")
    assert place.asked(place.ledger(memory=True)).decision == "allow"


def test_a_memory_holds_one_head_of_each_ledger_and_slows_no_question(place: Place) -> None:
    for version in "123":
        place.publish(place.ledger(), version=version)
        assert place.asked(place.ledger(memory=True)).certain
        vouched_for(place.ledger(memory=True), TRUSTED, MODEL)
    (kept,) = (place.folder / "seen").iterdir()
    assert [file.name for file in kept.iterdir()] == ["000000000003.json"]


def test_where_nothing_can_be_remembered_the_log_says_so(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    place.publish(place.ledger())
    (place.folder / "seen").write_bytes(b"")
    with caplog.at_level(logging.WARNING):
        said = place.asked(place.ledger(memory=True))
    assert (said.decision, said.certain) == ("block", False)
    assert "signed heads at" in said.reasons[0]


def test_a_memory_that_was_written_to_is_not_believed(place: Place) -> None:
    place.publish(place.ledger())
    assert place.asked(place.ledger(memory=True)).decision == "allow"
    (kept,) = (place.folder / "seen").iterdir()
    (kept / "000000000001.json").write_bytes(b"{}")
    assert place.asked(place.ledger(memory=True)).decision == "block"


def test_a_publishing_that_was_cut_off_before_the_witness_is_completed(place: Place) -> None:
    place.publish(place.ledger())  # as if it had ended before it came to the witness
    assert place.asked(place.ledger(witness=True)).decision == "allow"
    place.publish(place.ledger(witness=True))
    heads, witness = (place.folder / name / "000000000001.json" for name in ("heads", "witness"))
    assert heads.read_bytes() == witness.read_bytes()


def test_the_files_are_held_against_the_witness(place: Place) -> None:
    failed_and_put_back(place, lambda: place.ledger(witness=True))
    place.put_back("records")
    heads = Heads(str(place.folder / "heads"))
    assert verify_records(place.folder / "records", heads, TRUSTED).holds
    witness = Heads(str(place.folder / "witness"))
    (fault,) = verify_records(place.folder / "records", heads, TRUSTED, witness).faults
    assert "older copy: record 2 is not there" in str(fault)


# --- who could put one there is told ------------------------------------------------------------


def test_one_account_that_may_rewrite_all_is_warned_of(place: Place) -> None:
    place.publish(place.ledger())
    warning = rewritable(place.ledger())
    assert warning is not None
    assert "FAIRNESS_AUDIT_WITNESS" in warning
    place.ledger().close()
    object_store = Ledger(
        f"sqlite:///{place.folder / 'ledger.db'}",
        Heads(str(place.folder / "heads")),
        witness=Heads("s3://bucket/locked"),
    )
    assert rewritable(object_store) is None


def test_before_there_is_a_ledger_there_is_nothing_to_warn_of(place: Place) -> None:
    assert rewritable(place.ledger()) is None


def test_status_and_check_warn(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRNESS_AUDIT_STATE", str(place.folder))
    monkeypatch.setenv("FAIRNESS_AUDIT_TRUSTED_KEYS", str(place.folder / "keys" / "trusted"))
    place.publish(place.ledger())
    for verb in (["ledger", "status"], ["check"]):
        said = CliRunner().invoke(app, verb)
        assert said.exit_code == 0, said.output
        words = " ".join(said.output.split())
        assert "warning: this account can rewrite the ledger" in words
