"""Signed heads that vouch for the index: when they do, and when nobody should believe them."""

import logging
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from securesystemslib.signer import CryptoSigner, Key

from fairness_audit.errors import RecordError, SettingsError
from fairness_audit.ledger.checkpoint import NotVouched, keep_head, vouched_for
from fairness_audit.ledger.entry import Entry
from fairness_audit.ledger.heads import Heads
from fairness_audit.ledger.ledger import Ledger
from fairness_audit.ledger.verified import verified_ledger
from fairness_audit.ledger.verify import verify_records
from fairness_audit.records.signed.dsse import (
    LAST_SEQ,
    SignedRecord,
    open_envelope,
    open_head,
    sign_head,
)
from fairness_audit.records.signed.head import Head
from fairness_audit.records.signed.index import IndexRow, Vouch, index_digest
from tests.builders.published import (
    LOGICAL_DATE,
    MODEL,
    SIGNER,
    STRANGER,
    TRUSTED,
    a_ledger,
    a_loaded_policy,
    appended,
    digest,
    published,
)
from tests.builders.tampering import TABLE, tamper


def day(number: int) -> dict[str, Any]:
    return {"logical_date": LOGICAL_DATE + timedelta(days=number)}


OF_OTHERS = Vouch(digest("other"), {SIGNER.public_key.keyid: 1})


def head_file(folder: Path, seq: int) -> Path:
    return folder / "heads" / f"{seq:012d}.json"


def head_at(folder: Path, seq: int, trusted: tuple[Key, ...] = TRUSTED) -> Head:
    return open_head(head_file(folder, seq).read_bytes(), trusted)


def index_of(ledger: Ledger, upto: int) -> str:
    entries = ledger.all()[:upto]
    return index_digest(
        IndexRow.of(open_envelope(each.envelope, TRUSTED).record) for each in entries
    )


def signed_at(ledger: Ledger, seq: int) -> SignedRecord:
    return open_envelope(ledger.all()[seq - 1].envelope, TRUSTED)


def say_nothing_of_the_index(folder: Path, *numbers: int) -> None:
    """Heads as they were before they said anything of it."""
    for seq in numbers:
        head = sign_head(signed_at(a_ledger(folder), seq), SIGNER)
        head_file(folder, seq).write_bytes(head)


def edit(folder: Path, statement: str) -> None:
    tamper(f"sqlite:///{folder / 'ledger.db'}", statement.format(TABLE))


class ReadInParts(Ledger):
    """A ledger that is never read as a whole."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"sqlite:///{folder / 'ledger.db'}", Heads(str(folder / "heads")))

    def all(self) -> list[Entry]:
        raise AssertionError("every record was read")


def test_every_head_vouches_for_the_records_up_to_its_own(tmp_path: Path) -> None:
    ledger = a_ledger(tmp_path)
    for number in range(4):
        appended(ledger, **day(number))
    for seq in range(1, 5):
        assert head_at(tmp_path, seq).index_digest == index_of(ledger, seq)
    assert len(vouched_for(ReadInParts(tmp_path), TRUSTED, MODEL).rows) == 4


def test_publishing_reads_no_more_than_what_no_head_vouches_for(tmp_path: Path) -> None:
    appended(a_ledger(tmp_path))
    entry = appended(ReadInParts(tmp_path), **day(1))
    assert head_at(tmp_path, entry.seq).index_digest == index_of(a_ledger(tmp_path), 2)


def test_a_record_without_its_head_is_verified_and_vouched_for_by_the_next(tmp_path: Path) -> None:
    """Its publishing was cut off between the ledger and the head."""
    for number in range(3):
        appended(a_ledger(tmp_path), **day(number))
    head_file(tmp_path, 3).unlink()
    vouched = vouched_for(ReadInParts(tmp_path), TRUSTED, MODEL)
    assert [row.seq for row in vouched.rows] == [1, 2, 3]
    assert [each.seq for each in vouched.opened(*vouched.rows)] == [1, 2, 3]
    appended(ReadInParts(tmp_path), **day(3))
    assert head_at(tmp_path, 4).index_digest == index_of(a_ledger(tmp_path), 4)
    again = appended(ReadInParts(tmp_path), **day(2))
    assert head_at(tmp_path, 3).index_digest == index_of(a_ledger(tmp_path), again.seq)


# --- heads that say nothing of the index ------------------------------------------------------


def test_the_first_head_after_those_of_before_has_every_record_verified(tmp_path: Path) -> None:
    ledger = a_ledger(tmp_path)
    for number in range(3):
        appended(ledger, **day(number))
    say_nothing_of_the_index(tmp_path, 1, 2, 3)
    with pytest.raises(NotVouched, match="no signed head vouches"):
        vouched_for(ledger, TRUSTED, MODEL)
    assert len(verified_ledger(ledger, TRUSTED)) == 3
    appended(ledger, **day(3))
    assert head_at(tmp_path, 4).index_digest == index_of(ledger, 4)
    assert len(vouched_for(ReadInParts(tmp_path), TRUSTED, MODEL).rows) == 4


def test_publishing_the_same_again_leaves_a_head_of_before_as_it_is(tmp_path: Path) -> None:
    loaded = a_loaded_policy(tmp_path)
    published(loaded, tmp_path)
    say_nothing_of_the_index(tmp_path, 1)
    before = head_file(tmp_path, 1).read_bytes()
    published(loaded, tmp_path)
    assert head_file(tmp_path, 1).read_bytes() == before


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {} SET envelope = '' WHERE seq = 1",
        "UPDATE {} SET verdict = 'pass' WHERE seq = 2",
        "UPDATE {} SET model = 'other' WHERE seq = 3",
    ],
)
def test_no_head_vouches_for_a_ledger_that_does_not_hold(
    tmp_path: Path, statement: str, caplog: pytest.LogCaptureFixture
) -> None:
    ledger = a_ledger(tmp_path)
    for number in range(3):
        appended(ledger, verdict="warn", **day(number))
    say_nothing_of_the_index(tmp_path, 1, 2, 3)
    edit(tmp_path, statement)
    with caplog.at_level(logging.WARNING):
        appended(ledger, **day(3))
    assert head_at(tmp_path, 4).index_digest is None
    assert "the head of record 4 says nothing of the index" in caplog.text
    with pytest.raises(RecordError):
        verified_ledger(ledger, TRUSTED)


@pytest.mark.parametrize("column", ["verdict", "envelope"])
def test_no_head_vouches_for_what_follows_another_record_than_the_head_before(
    tmp_path: Path, column: str
) -> None:
    """Edited between two publishings: the next record names the digest of what was put there."""
    ledger = a_ledger(tmp_path)
    for number in range(2):
        appended(ledger, **day(number))
    head_file(tmp_path, 2).unlink()
    edit(tmp_path, f"UPDATE {{}} SET {column} = 'x' WHERE seq = 2")
    appended(ledger, **day(2))
    assert head_at(tmp_path, 3).index_digest is None


def test_no_head_vouches_for_what_somebody_else_signed(tmp_path: Path) -> None:
    ledger = a_ledger(tmp_path)
    appended(ledger)
    appended(ledger, STRANGER, **day(1))
    assert head_at(tmp_path, 2, (STRANGER.public_key,)).index_digest is None


def test_a_record_gets_its_head_also_where_nobody_knows_whom_to_trust(tmp_path: Path) -> None:
    ledger = a_ledger(tmp_path)
    entry = appended(ledger)
    head_file(tmp_path, 1).unlink()

    def nobody() -> tuple[Key, ...]:
        raise SettingsError("FAIRNESS_AUDIT_TRUSTED_KEYS: no public key")

    keep_head(ledger, entry, SIGNER, nobody)
    assert head_at(tmp_path, 1).index_digest is None


# --- a key that was replaced ------------------------------------------------------------------


def test_a_replaced_key_vouches_for_nothing(tmp_path: Path) -> None:
    """Who stole it, and may write everywhere, could file a failure anew behind its last record."""
    old, ledger = CryptoSigner.generate_ed25519(), a_ledger(tmp_path)
    for number in range(2):
        appended(ledger, old, trusted=(old.public_key,), **day(number))
    assert len(vouched_for(ledger, (old.public_key,), MODEL).rows) == 2
    replaced = Key.from_dict(old.public_key.keyid, old.public_key.to_dict())
    replaced.unrecognized_fields[LAST_SEQ] = 2
    keys = (replaced, SIGNER.public_key)
    with pytest.raises(NotVouched, match="no signed head"):
        vouched_for(ledger, keys, MODEL)
    assert len(verified_ledger(ledger, keys)) == 2
    appended(ledger, trusted=keys, **day(2))
    vouched = vouched_for(ReadInParts(tmp_path), keys, MODEL)
    assert [each.seq for each in vouched.opened(*vouched.rows)] == [1, 2, 3]


@pytest.mark.parametrize("last", [None, 0, 1])
def test_what_a_key_signed_that_is_trusted_no_longer_is_vouched_for_by_nobody(
    tmp_path: Path, last: int | None
) -> None:
    """Whoever takes a key off the list, or says that it was stolen earlier, is obeyed at once."""
    old, ledger = CryptoSigner.generate_ed25519(), a_ledger(tmp_path)
    both = (old.public_key, SIGNER.public_key)
    for number in range(2):
        appended(ledger, old, trusted=both, model="offer_targeting", **day(number))
    appended(ledger, trusted=both, **day(2))
    assert head_at(tmp_path, 3).signers == {old.public_key.keyid: 2, SIGNER.public_key.keyid: 3}
    assert [row.seq for row in vouched_for(ledger, both, MODEL).rows] == [3]
    stolen = Key.from_dict(old.public_key.keyid, old.public_key.to_dict())
    stolen.unrecognized_fields[LAST_SEQ] = last
    keys = TRUSTED if last is None else (stolen, SIGNER.public_key)
    with pytest.raises(NotVouched, match="no signed head vouches"):
        vouched_for(ledger, keys, MODEL)
    with pytest.raises(RecordError, match="ledger entry 2: untrusted"):
        verified_ledger(ledger, keys)
    appended(ledger, trusted=keys, **day(3))
    assert head_at(tmp_path, 4).index_digest is None


# --- heads that vouch for something else ------------------------------------------------------


def test_a_head_that_vouches_for_other_records_is_found_out(tmp_path: Path) -> None:
    """No publishing makes one: somebody else has the key."""
    loaded = a_loaded_policy(tmp_path)
    published(loaded, tmp_path)
    ledger = a_ledger(tmp_path)
    head_file(tmp_path, 1).write_bytes(sign_head(signed_at(ledger, 1), SIGNER, OF_OTHERS))
    with pytest.raises(NotVouched, match="the index is not that of head 1"):
        vouched_for(ledger, TRUSTED, MODEL)
    says = "unheaded: the signed head of record 1 vouches for other records before it"
    with pytest.raises(RecordError, match=says):
        verified_ledger(ledger, TRUSTED)
    (fault,) = verify_records(tmp_path / "records", Heads(str(tmp_path / "heads")), TRUSTED).faults
    assert says in str(fault)


def test_two_heads_of_a_record_that_vouch_for_different_ones_are_of_two_ledgers(
    tmp_path: Path,
) -> None:
    ledger = a_ledger(tmp_path)
    appended(ledger)
    other = sign_head(signed_at(ledger, 1), SIGNER, OF_OTHERS)
    with pytest.raises(Exception, match="is the head of another ledger"):
        Heads(str(tmp_path / "heads")).add(1, other)
