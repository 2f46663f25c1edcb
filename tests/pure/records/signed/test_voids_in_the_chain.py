"""A chain with rows that are none: it holds if each of them is voided, and only then."""

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from fairness_audit.records.signed.chain import StoredRecord, chain_faults, head_faults, links_of
from fairness_audit.records.signed.dsse import (
    SignedRecord,
    open_head,
    sign,
    sign_head,
)
from fairness_audit.records.signed.index import IndexRow, Vouch, index_digest
from fairness_audit.records.signed.place import place_of
from fairness_audit.records.signed.statement import Record
from fairness_audit.records.signed.void import VoidRecord
from tests.builders.published import NOW, SIGNER, TRUSTED, a_record, digest

JUNK, RECORD, VOID = "junk", "record", "void"
EVENTS = st.lists(st.sampled_from([JUNK, RECORD, VOID]), max_size=8)


@cache
def a_void(seq: int, prev: str | None, voids: int, of: str, before: str | None) -> SignedRecord:
    return sign(
        VoidRecord(
            seq=seq, prev=prev, voids=voids, voided_digest=of, voided_prev=before,
            reason="junk", issued=NOW, versions={},
        ),
        SIGNER,
    )  # fmt: skip


@cache
def audit(seq: int, prev: str | None) -> SignedRecord:
    return sign(a_record(seq=seq, prev=prev, model_version=str(seq)), SIGNER)


def built(events: list[str]) -> tuple[list[StoredRecord], set[int]]:
    """The genuine records of a chain, and the numbers of the rows that nobody voided."""
    last: str | None = None
    kept: list[StoredRecord] = []
    waiting: dict[int, tuple[str, str | None]] = {}
    for seq, event in enumerate(events, start=1):
        if event == JUNK:
            of = digest(f"junk {seq}")
            waiting[seq], last = (of, last), of
            continue
        if event == VOID and waiting:
            first = min(waiting)
            signed = a_void(seq, last, first, *waiting.pop(first))
        else:
            signed = audit(seq, last)
        kept.append(StoredRecord(str(seq), signed))
        last = signed.digest
    return kept, set(waiting)


@given(EVENTS)
def test_it_holds_if_every_row_that_is_none_is_voided(events: list[str]) -> None:
    kept, waiting = built(events)
    faults = list(chain_faults(kept, unread=0))
    # Who has no file of the newest row does not miss it: that is what heads are for.
    inside = {seq for seq in waiting if any(seq < each.signed.record.seq for each in kept)}
    assert bool(faults) is bool(inside)
    assert list(chain_faults(kept, unread=len(waiting))) == []


@given(EVENTS)
def test_a_head_vouches_for_the_whole_index_whatever_was_voided(events: list[str]) -> None:
    kept, waiting = built([*events, RECORD])
    if waiting:
        return
    links = links_of(kept)
    assert [link.seq for link in links] == list(range(1, len(events) + 2))
    vouch = Vouch(index_digest(link.row for link in links), {SIGNER.public_key.keyid: len(links)})
    head = open_head(sign_head(kept[-1].signed, SIGNER, vouch), TRUSTED)
    assert list(head_faults(kept, [head], "heads")) == []
    other = open_head(sign_head(kept[-1].signed, SIGNER, Vouch(digest("x"), {})), TRUSTED)
    (fault,) = head_faults(kept, [other], "heads")
    assert "vouches for other records before it" in str(fault)


def test_a_void_of_a_genuine_record_is_a_fault_wherever_it_stands() -> None:
    first = audit(1, None)
    void = a_void(2, first.digest, 1, first.digest, None)
    kept = [StoredRecord("one", first), StoredRecord("two", void)]
    assert [str(each) for each in chain_faults(kept)] == [
        "two: wrongly voided: record 2 voids record 1, which is genuine"
    ]
    head = open_head(sign_head(first, SIGNER), TRUSTED)
    (fault,) = head_faults(kept[1:], [head], "heads")
    assert "what record 2 voids is record 1, says its signed head at heads" in str(fault)


def test_a_void_comes_after_what_it_voids() -> None:
    with pytest.raises(ValidationError, match="a void comes after what it voids"):
        a_void(2, digest("before"), 2, digest("itself"), None)


def test_a_void_is_filed_under_what_it_voids_and_lies_apart() -> None:
    record: Record = a_void(9, digest("before"), 7, digest("junk"), digest("six")).record
    row = IndexRow.of(record)
    assert (row.kind, row.model, row.model_version, row.verdict) == ("void", "-", "7", "void")
    assert row.policy_digest == digest("junk")
    assert place_of(record).parts[0] == "voided-rows"
