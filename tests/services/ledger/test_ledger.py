"""The ledger on both databases: appended once, in order, by one writer at a time."""

import multiprocessing
import time
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.dialects import sqlite

from fairness_audit.errors import LedgerError, RecordError
from fairness_audit.ledger.ledger import Ledger
from fairness_audit.ledger.table import UtcDateTime
from fairness_audit.ledger.verified import verified_records
from fairness_audit.records.signed.dsse import SignedRecord
from tests.builders.published import (
    LOGICAL_DATE,
    SIGNER,
    STRANGER,
    TRUSTED,
    a_record,
    appended,
    digest,
)
from tests.builders.tampering import tamper


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Address of an empty database of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'not' / 'there' / 'ledger.db'}"
    return str(request.getfixturevalue("postgres_uri"))


def day(number: int) -> dict[str, Any]:
    return {"logical_date": LOGICAL_DATE + timedelta(days=number)}


def test_records_are_appended_in_order(address: str) -> None:
    ledger = Ledger(address)
    entries = [appended(ledger, **day(number)) for number in range(3)]
    assert ledger.all() == entries
    assert [entry.seq for entry in entries] == [1, 2, 3]
    assert [entry.prev for entry in entries] == [
        None,
        digest(entries[0].envelope.decode()),
        digest(entries[1].envelope.decode()),
    ]
    records = verified_records(ledger.all(), TRUSTED)
    assert [record.logical_date for record in records] == [e.logical_date for e in entries]


@pytest.fixture
def in_tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose local time is not UTC."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("in_tokyo")
def test_moments_come_back_in_utc(address: str) -> None:
    entry = appended(Ledger(address))
    (stored,) = Ledger(address).all()
    assert stored == entry
    assert stored.logical_date == LOGICAL_DATE
    assert stored.logical_date.tzinfo is UTC


def test_a_moment_without_time_zone_is_not_stored() -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        UtcDateTime().process_bind_param(datetime(2026, 6, 29), sqlite.dialect())


def test_the_same_audit_is_appended_once_and_stays_as_it_was(address: str) -> None:
    ledger = Ledger(address)
    first = appended(ledger)
    again = appended(ledger, STRANGER, issued=LOGICAL_DATE + timedelta(days=9), verdict="fail")
    assert again == first
    assert ledger.all() == [first]


def test_what_cannot_be_built_leaves_nothing(address: str) -> None:
    ledger = Ledger(address)
    appended(ledger)

    def build(seq: int, prev: str | None) -> SignedRecord:
        raise RecordError("no")

    with pytest.raises(RecordError):
        ledger.append("0" * 64, build)
    assert len(ledger.all()) == 1
    assert appended(ledger, **day(1)).seq == 2


def test_a_record_under_another_id_is_not_appended(address: str) -> None:
    ledger = Ledger(address)
    appended(ledger)
    other = a_record(**day(1)).record_id
    with pytest.raises(ValueError, match="not " + other):
        ledger.append(other, lambda seq, prev: _signed(seq, prev, day(2)))
    assert len(ledger.all()) == 1


def test_a_ledger_that_is_not_there_is_not_made_by_reading(address: str, tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(LedgerError, match="there is no ledger yet"):
            Ledger(address).all()
    assert not (tmp_path / "not").exists()


def test_many_processes_append_each_record_once(address: str) -> None:
    """The table is made by whoever comes first; the chain has no gap and no fork."""
    _in_processes(4, _append_days, address, 20)
    entries = Ledger(address).all()
    assert len({entry.record_id for entry in entries}) == len(entries) == 20
    assert len(verified_records(entries, TRUSTED)) == 20


def test_a_writer_does_not_wait_for_ever(address: str) -> None:
    slow, other = Ledger(address), Ledger(address, wait_seconds=1)

    def build(seq: int, prev: str | None) -> SignedRecord:
        with pytest.raises(LedgerError, match="is held by others for longer than 1 s"):
            appended(other, **day(1))
        return _signed(seq, prev, day(0))

    slow.append(a_record(**day(0)).record_id, build)
    assert [entry.seq for entry in slow.all()] == [1]
    assert appended(other, **day(1)).seq == 2


# --- tampering: somebody writes to the database -----------------------------------------------


@pytest.fixture
def execute(address: str) -> Callable[[str], None]:
    """Three records, and a way to write to them behind the ledger's back."""
    for number in range(3):
        appended(Ledger(address), **day(number), model_version=str(number + 1))

    return partial(tamper, address)


COPIED = "(SELECT envelope FROM fairness_audit_ledger WHERE seq = {})"


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE {} SET model_version = '1' WHERE seq = 2", "entry 2: re-filed: .*model_version"),
        ("UPDATE {} SET model = 'x' WHERE seq = 3", "ledger entry 3: re-filed: .* model than"),
        ("UPDATE {} SET verdict = 'fail' WHERE seq = 1", "ledger entry 1: re-filed: .*verdict"),
        ("UPDATE {} SET kind = 'x' WHERE seq = 1", "ledger entry 1: re-filed: .*kind"),
        ("UPDATE {} SET seq = 4 WHERE seq = 3", "ledger entry 4: re-filed: .*seq"),
        ("UPDATE {} SET prev = NULL WHERE seq = 3", "ledger entry 3: re-filed: .*prev"),
        ("UPDATE {} SET expires = issued WHERE seq = 3", "entry 3: re-filed: .*expires"),
        ("UPDATE {} SET envelope = '' WHERE seq = 2", "ledger entry 2: edited"),
        ("DELETE FROM {} WHERE seq = 2", "ledger entry 3: missing: record 2"),
        ("DELETE FROM {} WHERE seq = 1", "ledger entry 2: missing: record 1"),
        ("DELETE FROM {} WHERE seq < 3", "ledger entry 3: missing: records 1 to 2"),
        (f"UPDATE {{}} SET envelope = {COPIED.format(1)} WHERE seq = 3", "ledger entry 3: forked"),
    ],
)
def test_every_kind_of_tampering_is_named(
    execute: Callable[[str], None], address: str, statement: str, fault: str
) -> None:
    execute(statement.format("fairness_audit_ledger"))
    with pytest.raises(RecordError, match=fault):
        verified_records(Ledger(address).all(), TRUSTED)


def test_a_record_signed_again_breaks_the_chain_after_it(tmp_path: Path) -> None:
    """Whoever has the key can forge a record, but not under the one that follows it."""
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    for number in range(3):
        appended(ledger, **day(number))
    forged = appended(Ledger(f"sqlite:///{tmp_path / 'other.db'}"), **day(0), verdict="warn")
    entries = [forged, *ledger.all()[1:]]
    with pytest.raises(RecordError, match="ledger entry 2: unlinked: record 2 does not follow"):
        verified_records(entries, TRUSTED)


def test_a_record_of_a_stranger_is_named(tmp_path: Path) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    appended(ledger)
    appended(ledger, STRANGER, **day(1))
    with pytest.raises(RecordError, match="ledger entry 2: untrusted: signed with"):
        verified_records(ledger.all(), TRUSTED)


def test_one_edited_record_is_one_fault(tmp_path: Path) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    for number in range(3):
        appended(ledger, **day(number))
    edit = "UPDATE fairness_audit_ledger SET envelope = 'x' WHERE seq = 2"
    tamper(f"sqlite:///{tmp_path / 'ledger.db'}", edit)
    with pytest.raises(RecordError) as refused:
        verified_records(ledger.all(), TRUSTED)
    assert str(refused.value).count("\n") == 0


# --- faults of the database -------------------------------------------------------------------


@pytest.mark.parametrize(
    "address", ["", "no address", "mysql://a:secret@b/c", "postgresql+nothing://a:secret@b/c"]
)
def test_an_address_that_cannot_be_used_is_told_without_its_password(address: str) -> None:
    with pytest.raises(LedgerError, match=r"write .*postgresql") as refused:
        Ledger(address)
    assert "secret" not in "".join(traceback.format_exception(refused.value))


def test_a_ledger_in_memory_is_refused() -> None:
    with pytest.raises(LedgerError, match="in memory"):
        Ledger("sqlite://")


def test_an_unreachable_server_is_told_without_its_password() -> None:
    ledger = Ledger("postgresql://auditor:secret@127.0.0.1:1/audits?password=secret")
    for use in (ledger.all, lambda: appended(ledger)):
        with pytest.raises(LedgerError, match=r"auditor:\*\*\*@127.0.0.1:1/audits") as refused:
            use()
        assert "FAIRNESS_AUDIT_LEDGER" in str(refused.value)
        assert "secret" not in "".join(traceback.format_exception(refused.value))


def test_a_message_that_would_repeat_the_password_does_not() -> None:
    """Its driver says `Connection refused`, and the password is `refused`."""
    with pytest.raises(LedgerError, match=r"Connection \*\*\*") as told:
        Ledger("postgresql://auditor:refused@127.0.0.1:1/audits").all()
    assert "refused" not in str(told.value)


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    file = tmp_path / "ledger.db"
    file.write_text("not a database, but long enough to be read as one" * 100)
    with pytest.raises(LedgerError, match="file is not a database"):
        Ledger(f"sqlite:///{file}").all()


def test_a_full_disk_appends_nothing(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'ledger.db'}"
    appended(Ledger(address))
    _in_processes(1, _append_with_little_room, address)
    assert len(verified_records(Ledger(address).all(), TRUSTED)) == 1


# --- other processes --------------------------------------------------------------------------


def _signed(seq: int, prev: str | None, changes: dict[str, Any]) -> SignedRecord:
    from fairness_audit.records.signed.dsse import sign

    return sign(a_record(seq=seq, prev=prev, **changes), SIGNER)


def _in_processes(count: int, work: Callable[..., None], *arguments: Any) -> None:
    """Run the work in new processes at once; they sign with this process's key."""
    context = multiprocessing.get_context("spawn")
    given = (context.Barrier(count), SIGNER.private_bytes, work.__name__, *arguments)
    workers = [context.Process(target=_work, args=given) for _ in range(count)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0] * count


def _work(together: Any, key: bytes, work: str, *arguments: Any) -> None:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from securesystemslib.signer import CryptoSigner

    together.wait(60)
    globals()[work](CryptoSigner(load_pem_private_key(key, None)), *arguments)


def _append_days(signer: Any, address: str, days: int) -> None:
    for number in range(days):
        appended(Ledger(address), signer, **day(number))


def _append_with_little_room(signer: Any, address: str) -> None:
    import resource
    import signal

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    size = Path(address.removeprefix("sqlite:///")).stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    with pytest.raises(LedgerError, match="cannot be used"):
        appended(Ledger(address), signer, **day(1), versions={"long": "x" * 100_000})
