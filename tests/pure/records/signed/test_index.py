"""The digest of the ledger's index: one spelling, and no two indexes have the same."""

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairness_audit.encoding import canonical_bytes
from fairness_audit.records.signed.dsse import is_same_head, open_head, sign, sign_head
from fairness_audit.records.signed.head import Head, head_of, head_payload
from fairness_audit.records.signed.index import IndexRow, Vouch, index_digest, spelt
from tests.builders.published import (
    LOGICAL_DATE,
    NOW,
    SIGNER,
    STRANGER,
    TRUSTED,
    a_chain,
    a_record,
    digest,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
ROW = st.builds(
    IndexRow,
    seq=st.integers(1, 10**9),
    prev=st.none() | TEXT,
    **{name: TEXT for name in IndexRow._fields if name not in ("seq", "prev")},
)


def test_a_row_is_what_a_record_is_filed_under() -> None:
    assert IndexRow.of(a_record(seq=2, prev=digest("first"))) == (
        2,
        a_record().record_id,
        "audit",
        "lead_scoring",
        "1",
        digest("policy"),
        "pass",
        "2026-06-29 00:00:00.000000",
        "2026-06-30 12:00:00.000000",
        "2026-08-04 12:00:00.000000",
        digest("first"),
    )


def test_the_digest_by_hand() -> None:
    """As whoever verifies heads without this project computes it."""
    rows = [IndexRow.of(each.record) for each in a_chain(3)]
    by_hand = b""
    for row in rows:
        spelling = json.dumps(list(row), ensure_ascii=False, separators=(",", ":"))
        by_hand = hashlib.sha256(by_hand + spelling.encode()).digest()
    assert index_digest(rows) == by_hand.hex()


def test_a_moment_is_spelt_in_utc() -> None:
    tokyo = timezone(timedelta(hours=9))
    assert spelt(datetime(2026, 6, 29, 9, 0, 0, 250, tokyo)) == "2026-06-29 00:00:00.000250"
    assert spelt(datetime(2026, 6, 29, tzinfo=UTC)) == "2026-06-29 00:00:00.000000"


@given(ROW)
def test_a_row_is_spelt_as_canonical_json(row: IndexRow) -> None:
    assert index_digest([row]) == hashlib.sha256(canonical_bytes(list(row))).hexdigest()


@given(st.lists(ROW, min_size=2, max_size=4), st.data())
def test_row_upon_row_is_as_all_at_once(rows: list[IndexRow], data: st.DataObject) -> None:
    cut = data.draw(st.integers(1, len(rows) - 1))
    assert index_digest(rows[cut:], index_digest(rows[:cut])) == index_digest(rows)


@given(st.lists(ROW, min_size=1, max_size=3), st.lists(ROW, min_size=1, max_size=3))
def test_other_rows_have_another_digest(one: list[IndexRow], other: list[IndexRow]) -> None:
    assert (index_digest(one) == index_digest(other)) == (one == other)


def test_text_that_moves_from_column_to_column_changes_it() -> None:
    row = IndexRow.of(a_record())
    moved = row._replace(kind="audit,lead", model="_scoring")
    quoted = row._replace(kind='audit","lead_scoring', model="")
    assert len({index_digest([each]) for each in (row, moved, quoted)}) == 3


@pytest.mark.parametrize("value", [b"lead_scoring", {1}])
def test_what_no_row_holds_has_no_digest(value: Any) -> None:
    with pytest.raises(TypeError):
        index_digest([IndexRow.of(a_record())._replace(model=value)])


# --- in a signed head -------------------------------------------------------------------------

SIGNED = sign(a_record(logical_date=LOGICAL_DATE, issued=NOW), SIGNER)
BY = {SIGNER.public_key.keyid: 1}


def test_a_head_says_what_the_index_is() -> None:
    known = index_digest([IndexRow.of(SIGNED.record)])
    assert open_head(sign_head(SIGNED, SIGNER, Vouch(known, BY)), TRUSTED).index_digest == known
    assert open_head(sign_head(SIGNED, SIGNER), TRUSTED).index_digest is None


def test_a_head_of_before_says_nothing_of_it_and_stays_canonical() -> None:
    head = Head(
        seq=7,
        envelope_digest="0" * 64,
        record_id="1" * 64,
        model="lead_scoring",
        model_version="3",
        outcome="fail",
        issued=NOW,
    )
    payload = head_payload(head)
    assert b"indexDigest" not in payload
    assert head_of(payload) == head
    known = head.model_copy(update={"index_digest": "2" * 64, "signers": BY})
    assert head_of(head_payload(known)) == known
    assert b'"indexDigest":"' + b"2" * 64 + b'"' in head_payload(known)


def test_a_head_is_the_same_whoever_signed_it_and_if_one_says_nothing_of_the_index() -> None:
    plain, known = (
        sign_head(SIGNED, SIGNER),
        sign_head(SIGNED, STRANGER, Vouch(digest("index"), BY)),
    )
    assert is_same_head(plain, known)
    assert is_same_head(known, plain)
    assert not is_same_head(sign_head(SIGNED, SIGNER, Vouch(digest("other"), BY)), known)
    other = sign(a_record(verdict="fail"), SIGNER)
    assert not is_same_head(sign_head(other, SIGNER), plain)
