"""A publisher signs no head over rows that the newest head contradicts, nor over others' rows."""

import shutil
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from fairness_audit.errors import LedgerError, RecordError
from fairness_audit.files import write_bytes
from fairness_audit.ledger.checkpoint import NotVouched, vouched_for
from fairness_audit.ledger.database import Database
from fairness_audit.ledger.entry import Entry
from fairness_audit.ledger.keys import public_pem
from fairness_audit.ledger.ledger import Ledger
from fairness_audit.ledger.table import ledger_table
from fairness_audit.policy.load import LoadedPolicy
from fairness_audit.records.signed.audit import GateDecision
from fairness_audit.records.signed.dsse import open_envelope, sign, unverified_record
from fairness_audit.steps.gate import ask
from tests.builders.fakes import FakeRegistry
from tests.builders.published import (
    FAILED,
    LOGICAL_DATE,
    MODEL,
    NOW,
    SIGNER,
    STRANGER,
    TRUSTED,
    a_ledger,
    a_loaded_policy,
    a_record,
    appended,
    digest,
    published,
)
from tests.builders.tampering import TABLE, tamper

FAILS: dict[str, Any] = {"verdict": "fail", "findings": [FAILED]}


@pytest.fixture
def loaded(tmp_path: Path) -> LoadedPolicy:
    write_bytes(tmp_path / "keys" / "trusted" / "key.pem", public_pem(SIGNER.public_key))
    return a_loaded_policy(tmp_path)


def day(number: int) -> dict[str, Any]:
    return {"logical_date": LOGICAL_DATE + timedelta(days=number)}


def asked(loaded: LoadedPolicy, ledger: Ledger) -> GateDecision:
    return ask(
        loaded,
        model_version="1",
        ledger=ledger,
        registry=FakeRegistry({(MODEL, "1"): digest("artifact 1")}),
        trusted_keys=loaded.file.parents[2] / "keys" / "trusted",
        now=NOW,
    )


def address(folder: Path) -> str:
    return f"sqlite:///{folder / 'ledger.db'}"


def put_in(address: str, entry: Entry) -> None:
    """As who can write to the database and has no triggers in the way."""
    tamper(address)
    with Database(address, 5).writing() as connection:
        connection.execute(insert(ledger_table).values(entry.values))


def test_the_rows_of_another_ledger_are_published_behind_by_nobody(
    tmp_path: Path, loaded: LoadedPolicy
) -> None:
    """Signed with the same key, as a staging ledger may be: without the failure of version 1."""
    ledger, policy = a_ledger(tmp_path), {"policy_digest": loaded.digest}
    appended(ledger, **policy, **day(-5))
    appended(ledger, **policy, **day(-4), **FAILS)
    other = a_ledger(tmp_path / "other")
    appended(other, **policy, **day(-5))
    appended(other, model="another", **day(-4))
    shutil.copy(tmp_path / "other" / "ledger.db", tmp_path / "ledger.db")
    with pytest.raises(RecordError, match="record 2 of the ledger is another one than its signed"):
        published(loaded, tmp_path, version="2")
    assert asked(loaded, ledger).decision == "block"
    assert max(file.name for file in (tmp_path / "heads").iterdir()) == "000000000002.json"


def test_nor_behind_another_genuine_record_of_the_same_number(
    tmp_path: Path, loaded: LoadedPolicy
) -> None:
    ledger, policy = a_ledger(tmp_path), {"policy_digest": loaded.digest}
    first = open_envelope(appended(ledger, **policy, **day(-5)).envelope, TRUSTED)
    fork = a_record(seq=2, prev=first.digest, model="another", **day(-3))
    appended(ledger, **policy, **day(-4), **FAILS)
    tamper(address(tmp_path), f"DELETE FROM {TABLE} WHERE seq = 2")
    put_in(address(tmp_path), Entry.of(sign(fork, SIGNER)))
    with pytest.raises(RecordError, match="another one than its signed head"):
        published(loaded, tmp_path, version="2")
    assert asked(loaded, ledger).decision == "block"


def test_a_row_that_a_stranger_signed_gets_no_head(tmp_path: Path, loaded: LoadedPolicy) -> None:
    """It has the id of the record to come, and a number that all later ones would stay below."""
    published(loaded, tmp_path)
    published(loaded, tmp_path / "elsewhere", version="2")
    (to_come,) = a_ledger(tmp_path / "elsewhere").all()
    planted = unverified_record(to_come.envelope).model_copy(
        update={"seq": 10**9, "prev": digest("any")}
    )
    put_in(address(tmp_path), Entry.of(sign(planted, STRANGER)))
    with pytest.raises(RecordError, match="which is not trusted"):
        published(loaded, tmp_path, version="2")
    assert [file.name for file in (tmp_path / "heads").iterdir()] == ["000000000001.json"]


def test_nor_does_a_row_that_was_given_another_number(
    tmp_path: Path, loaded: LoadedPolicy
) -> None:
    published(loaded, tmp_path)
    published(loaded, tmp_path, version="2")
    tamper(address(tmp_path), f"UPDATE {TABLE} SET seq = 1000000000 WHERE seq = 2")
    with pytest.raises(RecordError, match="filed as another one than it is"):
        published(loaded, tmp_path, version="2")
    assert len(list((tmp_path / "heads").iterdir())) == 2


def test_a_date_before_christ_is_another_date(
    postgres_uri: str, tmp_path: Path, loaded: LoadedPolicy
) -> None:
    ledger = a_ledger(tmp_path, postgres_uri)
    appended(ledger, policy_digest=loaded.digest, **day(-5))
    assert asked(loaded, ledger).decision == "allow"
    vouched_for(ledger, TRUSTED, MODEL)
    tamper(
        postgres_uri,
        f"UPDATE {TABLE} SET logical_date = logical_date - interval '4051 years' WHERE seq = 1",
    )
    with pytest.raises((NotVouched, LedgerError)):
        vouched_for(ledger, TRUSTED, MODEL)
    assert asked(loaded, ledger).decision == "block"


def test_a_ledger_in_wal_mode_is_not_held(tmp_path: Path, loaded: LoadedPolicy) -> None:
    """There a failure could be published between a decision and what follows it."""
    ledger = a_ledger(tmp_path)
    appended(ledger, policy_digest=loaded.digest)
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    with pytest.raises(LedgerError, match=r"in WAL mode.*journal_mode = DELETE"), ledger.holding():
        pytest.fail("it was held")
