"""A row that nobody signed blocks until it is voided, and no longer; a record is never voided."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import NullPool, create_engine, insert
from sqlalchemy.exc import SQLAlchemyError

from fairness_audit.errors import InputError, LedgerError, RecordError
from fairness_audit.ledger.checkpoint import NotVouched, vouched_for
from fairness_audit.ledger.database import Database
from fairness_audit.ledger.entry import Entry
from fairness_audit.ledger.heads import Heads
from fairness_audit.ledger.ledger import Ledger
from fairness_audit.ledger.table import ledger_table
from fairness_audit.ledger.verified import verified_ledger
from fairness_audit.ledger.verify import verify_records
from fairness_audit.policy.load import LoadedPolicy
from fairness_audit.records.finding import Judgement, Verdict
from fairness_audit.records.signed.audit import GateDecision
from fairness_audit.records.signed.dsse import digest_of_envelope, sign, unverified_record
from fairness_audit.records.signed.void import VoidRecord
from fairness_audit.steps.gate import ask
from fairness_audit.steps.publish import publish_void
from tests.builders.fakes import FakeRegistry
from tests.builders.published import (
    FAILED,
    LOGICAL_DATE,
    MODEL,
    NOW,
    SIGNER,
    STRANGER,
    TRUSTED,
    a_finding,
    a_ledger,
    a_record,
    digest,
    published,
)
from tests.builders.tampering import TABLE, tamper

FAILS = Judgement(verdict=Verdict.FAIL, findings=(FAILED, a_finding()))


class Place:
    """A ledger with its record files, its heads, and who asks the gate."""

    def __init__(self, folder: Path, address: str, loaded: LoadedPolicy) -> None:
        self.folder, self.address, self.loaded = folder, address, loaded

    @property
    def ledger(self) -> Ledger:
        return a_ledger(self.folder, self.address)

    def publish(self, version: str = "1", **changes: Any) -> None:
        published(self.loaded, self.folder, ledger_url=self.address, version=version, **changes)

    def asked(self, version: str = "1") -> GateDecision:
        return ask(
            self.loaded,
            model_version=version,
            ledger=self.ledger,
            registry=FakeRegistry({(MODEL, v): digest(f"artifact {v}") for v in "123"}),
            trusted_keys=self.loaded.file.parents[2] / "keys" / "trusted",
            now=NOW,
        )

    def put_in(self, **changes: Any) -> int:
        """A writer appends what chains and parses, and is signed by a stranger."""
        last = self.ledger.all()[-1]
        content = {"seq": last.seq + 1, "prev": digest_of_envelope(last.envelope)} | changes
        self.insert(Entry.of(sign(a_record(**content), STRANGER)))
        return last.seq + 1

    def insert(self, entry: Entry, **changes: Any) -> None:
        with Database(self.address, 5).writing() as connection:
            connection.execute(insert(ledger_table).values(entry.values | changes))

    def void(self, seq: int, **changes: Any) -> VoidRecord:
        given: dict[str, Any] = {
            "ledger": self.ledger,
            "signer": SIGNER,
            "trusted": lambda: TRUSTED,
            "records": self.folder / "records",
            "now": NOW,
        }
        return publish_void(seq, "written by hand", **given | changes)

    def files(self) -> list[str]:
        heads = Heads(str(self.folder / "heads"))
        return [str(e) for e in verify_records(self.folder / "records", heads, TRUSTED).faults]


@pytest.fixture
def place(address: str, tmp_path: Path, loaded: LoadedPolicy) -> Place:
    made = Place(tmp_path, address, loaded)
    made.publish()
    assert made.asked().decision == "allow"
    return made


def test_a_row_that_nobody_signed_blocks_every_model_and_names_the_cure(place: Place) -> None:
    seq = place.put_in(model="another")
    said = place.asked()
    assert said.decision == "block"
    (reason,) = said.reasons
    assert f"ledger entry {seq}: untrusted: signed with" in reason
    assert f"fairness-audit ledger void {seq} --reason" in reason
    with pytest.raises(RecordError, match=f"ledger void {seq} --reason"):
        place.publish("2")
    assert place.ledger.all()[-1].seq == seq


def test_a_void_lets_the_chain_go_on_through_it(place: Place) -> None:
    seq = place.put_in(verdict="fail", findings=[FAILED])
    void = place.void(seq)
    assert (void.seq, void.voids) == (seq + 1, seq)
    assert place.asked().decision == "allow"
    place.publish("2")
    assert place.asked("2").decision == "allow"
    assert [each.seq for each in verified_ledger(place.ledger, TRUSTED)] == [1, 3, 4]
    assert place.files() == []


def test_a_head_vouches_for_what_was_voided(place: Place) -> None:
    """So that a question opens no more records than before."""
    for version in "23":
        place.void(place.put_in(logical_date=LOGICAL_DATE - timedelta(days=int(version))))
        place.publish(version)
    vouched = vouched_for(place.ledger, TRUSTED, MODEL)
    assert [row.seq for row in vouched.rows] == [1, 4, 7]
    assert [each.seq for each in vouched.opened(*vouched.rows)] == [1, 4, 7]
    assert vouched_for(place.ledger, TRUSTED, "another").rows == ()


def test_a_row_before_the_first_record_is_voided_too(
    address: str, tmp_path: Path, loaded: LoadedPolicy
) -> None:
    place = Place(tmp_path, address, loaded)
    place.insert(Entry.of(sign(a_record(model="another"), STRANGER)))
    with pytest.raises(RecordError, match="ledger void 1 --reason"):
        place.publish()
    place.void(1)
    place.publish()
    assert place.asked().decision == "allow"
    vouched_for(place.ledger, TRUSTED, MODEL)
    assert place.files() == []


def test_several_rows_are_voided_one_by_one_and_each_once(place: Place) -> None:
    rows = [place.put_in(model=f"m{each}") for each in range(3)]
    for seq in rows:
        assert place.asked().decision == "block"
        place.void(seq)
    again = place.void(rows[0])
    assert again.seq == rows[-1] + 1
    assert place.asked().decision == "allow"
    vouched_for(place.ledger, TRUSTED, MODEL)
    assert place.files() == []


def test_a_void_of_a_stranger_voids_nothing_and_is_voided_itself(place: Place) -> None:
    seq = place.put_in()
    last = place.ledger.all()[-1]
    forged = VoidRecord(
        seq=seq + 1, prev=digest_of_envelope(last.envelope), voids=1, issued=NOW,
        voided_digest=digest_of_envelope(place.ledger.all()[0].envelope), voided_prev=None,
        reason="x", versions={},
    )  # fmt: skip
    place.insert(Entry.of(sign(forged, STRANGER)))
    assert place.asked().decision == "block"
    place.void(seq)
    assert place.asked().decision == "block"
    place.void(seq + 1)
    assert place.asked().decision == "allow"
    vouched_for(place.ledger, TRUSTED, MODEL)


def test_who_takes_the_id_of_a_void_does_not_keep_the_row(place: Place) -> None:
    """Nobody knows the id before; and who guessed the very moment, guesses no second one."""
    seq = place.put_in()
    junk = place.ledger.all()[-1]
    guessed = VoidRecord(
        seq=seq + 1, prev=digest_of_envelope(junk.envelope), voids=seq, issued=NOW,
        voided_digest=digest_of_envelope(junk.envelope), voided_prev=junk.prev,
        reason="x", versions={},
    )  # fmt: skip
    place.insert(Entry.of(sign(guessed, STRANGER)))
    with pytest.raises(RecordError, match="has the id of this record, and is none"):
        place.void(seq)
    later = NOW + timedelta(seconds=1)
    void = place.void(seq, now=later)
    place.void(seq + 1, now=later)
    assert place.asked().decision == "allow"
    assert place.void(seq, now=later + timedelta(hours=1)) == void
    vouched_for(place.ledger, TRUSTED, MODEL)


def test_who_takes_the_id_of_an_audit_to_come_stops_only_that_one(place: Place) -> None:
    place.publish("2")
    other = Place(place.folder / "other", f"sqlite:///{place.folder / 'other.db'}", place.loaded)
    other.folder.mkdir(exist_ok=True)
    other.publish("3")
    (to_come,) = other.ledger.all()
    record = unverified_record(to_come.envelope)
    last = place.ledger.all()[-1]
    placed = {"seq": last.seq + 1, "prev": digest_of_envelope(last.envelope)}
    place.insert(Entry.of(sign(record.model_copy(update=placed), STRANGER)))
    with pytest.raises(RecordError, match=r"row 3 of the ledger has the id of this record"):
        place.publish("3")
    place.void(3)
    assert place.asked("2").decision == "allow"
    with pytest.raises(RecordError, match="do this again as of a later moment"):
        place.publish("3")


# --- a genuine record is not voided -------------------------------------------------------------


def misvoided(place: Place, seq: int, **changes: Any) -> None:
    """Somebody with the signing key appends a void of a genuine record."""
    entry = place.ledger.entry(seq)
    assert entry is not None
    last = place.ledger.all()[-1]
    content: dict[str, Any] = {
        "seq": last.seq + 1, "prev": digest_of_envelope(last.envelope), "voids": seq,
        "voided_digest": digest_of_envelope(entry.envelope), "voided_prev": entry.prev,
        "reason": "a failure", "issued": NOW, "versions": {},
    }  # fmt: skip
    place.insert(Entry.of(sign(VoidRecord(**content | changes), SIGNER)))


def test_the_verb_refuses_to_void_a_record(place: Place) -> None:
    with pytest.raises(RecordError, match=r"row 1 is a genuine record, and nobody would believe"):
        place.void(1)
    with pytest.raises(InputError, match="the ledger has no row 7"):
        place.void(7)
    assert [each.seq for each in place.ledger.all()] == [1]


def test_nor_one_whose_head_says_that_it_was_one(place: Place) -> None:
    """Its key is trusted no longer, or it was exchanged: it is restored, and not voided."""
    with pytest.raises(RecordError, match=r"row 1 was a record: .* holds its signed head"):
        place.void(1, trusted=lambda: (STRANGER.public_key,), signer=STRANGER)


def test_a_void_of_a_record_is_believed_nowhere(place: Place) -> None:
    place.publish(version="2", judgement=FAILS)
    misvoided(place, 2)
    for version in "12":
        said = place.asked(version)
        assert said.decision == "block"
        assert "wrongly voided: record 3 voids record 2, which is genuine" in said.reasons[0]
    with pytest.raises(NotVouched):
        vouched_for(place.ledger, TRUSTED, MODEL)
    with pytest.raises(RecordError, match="wrongly voided"):
        verified_ledger(place.ledger, TRUSTED)


def test_nor_in_files_where_the_record_is_taken_away(place: Place) -> None:
    place.publish(version="2", judgement=FAILS)
    misvoided(place, 2)
    last = place.ledger.all()[-1]
    (place.folder / "records" / "voided-rows").mkdir()
    name = f"2-{last.record_id[:12]}.json"
    (place.folder / "records" / "voided-rows" / name).write_bytes(last.envelope)
    assert any("wrongly voided: record 3 voids record 2" in each for each in place.files())
    (gone,) = (place.folder / "records" / MODEL / "2").iterdir()
    gone.unlink()
    (fault,) = place.files()
    assert "what record 3 voids is record 2, says its signed head" in fault


def test_a_void_of_what_is_not_there_or_is_another_holds_nothing_together(place: Place) -> None:
    seq = place.put_in()
    misvoided(place, seq, voided_digest=digest("another row"))
    said = place.asked()
    assert said.decision == "block"
    assert "the row 2, which it voids, is not there, or is another" in said.reasons[0]


# --- what does not chain and parse, the database refuses -----------------------------------------

Change = Callable[[dict[str, Any]], dict[str, Any]]

JUNK: dict[str, Change] = {
    "no envelope": lambda row: row | {"envelope": ""},
    "no JSON": lambda row: row | {"envelope": "junk"},
    "no object": lambda row: row | {"envelope": "[1]"},
    "deep": lambda row: row | {"envelope": "[" * 100_000},
    "another shape": lambda row: row | {"envelope": json.dumps({"payload": "e30="})},
    "no base64": lambda row: row | {"envelope": changed(row, payload="$$$")},
    "no statement": lambda row: row | {"envelope": changed(row, payload="e30=")},
    "not signed at all": lambda row: row | {"envelope": changed(row, signatures=[])},
    "another type": lambda row: row | {"envelope": changed(row, payloadType="text/plain")},
    "behind nothing": lambda row: row | {"prev": None},
    "behind another": lambda row: row | {"prev": digest("another")},
    "another id": lambda row: row | {"record_id": digest("another")},
    "another kind": lambda row: row | {"kind": "review"},
    "no kind of ours": lambda row: row | {"kind": "note"},
    "another model": lambda row: row | {"model": "another"},
    "another version": lambda row: row | {"model_version": "9"},
    "another policy": lambda row: row | {"policy_digest": digest("another")},
    "another verdict": lambda row: row | {"verdict": "fail"},
    "another moment": lambda row: row | {"issued": NOW - timedelta(days=1)},
    "expires later": lambda row: row | {"expires": NOW + timedelta(days=999)},
}


def changed(row: dict[str, Any], **parts: object) -> str:
    return json.dumps(json.loads(row["envelope"]) | parts)


def test_the_database_takes_no_junk(place: Place) -> None:
    last = place.ledger.all()[-1]
    record = a_record(seq=2, prev=digest_of_envelope(last.envelope), model_version="2")
    values = Entry.of(sign(record, STRANGER)).values
    for change in JUNK.values():
        with (
            pytest.raises(LedgerError, match="append-only: it takes records that name the one"),
            Database(place.address, 5).writing() as connection,
        ):
            connection.execute(insert(ledger_table).values(change(values)))
    assert [each.seq for each in place.ledger.all()] == [1]
    assert place.asked().decision == "allow"


def test_sqlite_takes_no_row_from_another_client(tmp_path: Path, loaded: LoadedPolicy) -> None:
    place = Place(tmp_path, f"sqlite:///{tmp_path / 'ledger.db'}", loaded)
    place.publish()
    copy = f"INSERT INTO {TABLE} SELECT * FROM {TABLE}"
    with (
        closing(sqlite3.connect(tmp_path / "ledger.db")) as connection,
        pytest.raises(sqlite3.OperationalError, match="no such function: fairness_audit_"),
    ):
        connection.execute(copy)


def test_what_is_no_moment_in_a_ledger_of_before_hides_no_other_row(
    tmp_path: Path, loaded: LoadedPolicy
) -> None:
    place = Place(tmp_path, f"sqlite:///{tmp_path / 'ledger.db'}", loaded)
    place.publish()
    seq = place.put_in()
    tamper(place.address, f"UPDATE {TABLE} SET issued = 'x', envelope = x'00' WHERE seq = {seq}")
    said = place.asked()
    assert (said.decision, said.certain) == ("block", True)
    assert f"fairness-audit ledger void {seq}" in said.reasons[0]
    place.ledger.init()
    place.void(seq)
    assert place.asked().decision == "allow"


def test_the_trigger_is_missed_in_a_ledger_of_before(place: Place) -> None:
    on = f" ON {TABLE}" if place.address.startswith("postgresql") else ""
    tamper_one = f"DROP TRIGGER fairness_audit_ledger_fits{on}"
    with create_engine(place.address, poolclass=NullPool).begin() as connection:
        connection.exec_driver_sql(tamper_one)
    assert place.ledger.missing_triggers() == {"fairness_audit_ledger_fits"}
    place.ledger.init()
    assert place.ledger.missing_triggers() == set()
    with pytest.raises((LedgerError, SQLAlchemyError)):
        place.insert(place.ledger.all()[0], seq=2, record_id=digest("x"))
