"""A signed head as a checkpoint: what it vouches for need not be opened again.

The newest head carries a digest of the whole index. Whoever signs it has verified the head before
it, and what was appended since; the first to carry one has verified every record. So whoever asks
about one model compares the index with the head, the model's envelopes with what the index names,
and opens only what a decision rests on, and what no head vouches for yet. An edit inside an older
envelope of another model is not seen here: verifying the whole ledger sees it, every night.

A key that was replaced vouches for nothing: who stole it and removes the newer heads could else
have rows filed anew. Neither does a head for what was signed with a key that is trusted no longer.
So the first record after a replacement has every one before it verified.

Where anything does not fit, this module says so and no more: `verified_ledger` then names all that
is wrong, or finds that nothing is.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from securesystemslib.signer import Key, Signer

from fairness_audit.errors import RecordError
from fairness_audit.ledger.entry import Entry
from fairness_audit.ledger.heads import Heads
from fairness_audit.ledger.ledger import Ledger
from fairness_audit.ledger.opened import open_entries
from fairness_audit.ledger.verified import heads_of, verified_entries
from fairness_audit.ledger.witness import Seen, remember, seen_elsewhere
from fairness_audit.records.signed.chain import Link, links_of, misvoided
from fairness_audit.records.signed.dsse import (
    SignedRecord,
    are_trusted,
    digest_of_envelope,
    open_envelope,
    sign_head,
    signers_of,
    still_in_use,
    unverified_record,
)
from fairness_audit.records.signed.head import Head
from fairness_audit.records.signed.index import IndexRow, Vouch, index_digest
from fairness_audit.records.signed.statement import Record

log = logging.getLogger(__name__)


class NotVouched(Exception):
    """What the newest signed head does not vouch for, in a sentence."""


@dataclass(frozen=True)
class Vouched:
    """The rows of one model, in order, that a signed head vouches for, and those behind it."""

    rows: tuple[IndexRow, ...]
    _digests: Mapping[int, str]
    _behind: Mapping[int, Record]
    _ledger: Ledger
    _trusted: Sequence[Key]

    def opened(self, *rows: IndexRow) -> Iterator[Record]:
        """The records of these rows, verified.

        Raises:
            LedgerError: when the ledger cannot be read.
            NotVouched: when a record is not what its row says.
            RecordError: when a record is not genuine.
        """
        wanted = [row.seq for row in rows if row.seq not in self._behind]
        envelopes = self._ledger.envelopes(wanted) if wanted else {}
        for row in rows:
            yield self._behind.get(row.seq) or self._verified(row, envelopes.get(row.seq, b""))

    def _verified(self, row: IndexRow, envelope: bytes) -> Record:
        if digest_of_envelope(envelope) != self._digests[row.seq]:
            raise NotVouched(f"record {row.seq} is another one than the next names")
        record = open_envelope(envelope, self._trusted).record
        if IndexRow.of(record) != row:
            raise NotVouched(f"record {row.seq} is filed as another one than it is")
        return record


def vouched_for(ledger: Ledger, trusted: Sequence[Key], model: str) -> Vouched:
    """What the newest signed head vouches for of one model, if the ledger is as it says.

    The head is asked before the ledger, so that a record that is appended meanwhile is no sign of
    one that was cut off.

    Raises:
        LedgerError: when the ledger or its heads cannot be read, or it has no place for heads.
        NotVouched: when it is not as the head says, or the head says nothing of the index.
        RecordError: when an entry behind the head is not genuine.
        Exception: any other, when the table holds what is no ledger's.
    """
    head = _checkpoint(heads_of(ledger), trusted)
    if head is None:
        raise NotVouched("no signed head vouches for the records")
    seen = seen_elsewhere(ledger, trusted)
    excerpt = ledger.excerpt(model, head.seq)
    if excerpt.digest != head.index_digest:
        raise NotVouched(f"the index is not that of head {head.seq}")
    digests = {row.seq: excerpt.named.get(row.seq) for row in excerpt.index}
    digests[head.seq] = head.envelope_digest
    if excerpt.hashed != digests:
        raise NotVouched(f"an envelope of {model}, or the newest, is not the one that is named")
    links = _following(head, excerpt.behind, trusted)
    if excerpt.others > len(links):
        raise NotVouched("there are rows without a number")
    _check_seen(ledger, seen, head, links)
    remember(ledger, head.seq)
    behind = [link.record for link in links if link.record is not None]
    added = [row for row in map(IndexRow.of, behind) if row.model == model]
    return Vouched(
        rows=(*excerpt.index, *added),
        _digests=excerpt.hashed,
        _behind={record.seq: record for record in behind},
        _ledger=ledger,
        _trusted=trusted,
    )


def keep_head(
    ledger: Ledger, entry: Entry, signer: Signer, trusted: Callable[[], Sequence[Key]]
) -> None:
    """Write the head that an entry makes into its second place; once it is there, nothing changes.

    It vouches for the index where the ledger holds up to the entry. Where it does not, the head
    says nothing of the index, and whoever asks verifies every record.

    Args:
        ledger: what the entry is in; without a place for heads none is written.
        entry: as it was appended.
        signer: holds the ed25519 key.
        trusted: gives the keys that the records before it may be signed with.

    Raises:
        LedgerError: when the place cannot be written, or holds another head of this number.
    """
    heads = ledger.heads
    if heads is None:
        return
    vouch = None
    if not heads.has(entry.seq):
        try:
            vouch = _vouch(ledger, heads, entry, trusted())
        except Exception as error:  # whatever it is: the record is there, and needs its head
            log.warning(
                "the head of record %d says nothing of the index, and the gate will verify every"
                " record at every question: %s: %s",
                entry.seq,
                type(error).__name__,
                error,
            )
    signed = SignedRecord(unverified_record(entry.envelope), entry.envelope)
    heads.add(entry.seq, sign_head(signed, signer, vouch))
    kept_head = heads.envelope(entry.seq)
    if ledger.witness is not None and kept_head is not None:
        ledger.witness.add(entry.seq, kept_head)


def _vouch(ledger: Ledger, heads: Heads, entry: Entry, trusted: Sequence[Key]) -> Vouch:
    """What can be said of all records up to an entry, from a ledger that holds up to it."""
    before = _checkpoint(heads, trusted, below=entry.seq)
    known = ledger.all() if before is None else ledger.behind(before.seq)
    entries = [*(each for each in known if each.seq < entry.seq), entry]
    if before is not None:
        links = _following(before, entries, trusted)
    else:
        newest = heads.newest(trusted, below=entry.seq)
        kept = None if newest is None else [newest]
        links = links_of(verified_entries(entries, trusted, heads=kept, place=heads.place))
    genuine = {link.seq for link in links if link.record is not None}
    signed = [each for each in entries if each.seq in genuine]
    signers = dict(before.signers or {}) if before else {}
    signers |= {keyid: each.seq for each in signed for keyid in signers_of(each.envelope)}
    rows = (link.row for link in links)
    return Vouch(index_digest(rows, before.index_digest if before else None), signers)


def _checkpoint(heads: Heads, trusted: Sequence[Key], below: int | None = None) -> Head | None:
    """The newest head, if it vouches for the records up to its own.

    Its key was not replaced, and all that signed them are trusted as they were then.
    """
    try:
        head = heads.newest(still_in_use(trusted), below=below)
    except RecordError:  # whoever verifies the whole ledger says what is wrong with it
        return None
    if head is None or head.index_digest is None or head.signers is None:
        return None
    return head if are_trusted(head.signers, trusted) else None


def _following(head: Head, entries: Sequence[Entry], trusted: Sequence[Key]) -> list[Link]:
    """The places of the chain behind a head, verified, each behind the one before it."""
    opened = open_entries(entries, trusted)
    for fault in (*opened.faults, *misvoided(opened.kept)):
        raise NotVouched(str(fault))
    links = links_of(opened.kept)
    seq, digest = head.seq, head.envelope_digest
    for link in links:
        if (link.seq, link.prev) != (seq + 1, digest):
            raise NotVouched(f"record {link.seq} does not follow the one before it")
        seq, digest = link.seq, link.digest
    return links


def _check_seen(ledger: Ledger, seen: Iterable[Seen], head: Head, links: Iterable[Link]) -> None:
    """What is known elsewhere must be in the ledger."""
    digests = {head.seq: head.envelope_digest} | {link.seq: link.digest for link in links}
    for each in seen:
        seq = each.head.seq
        if seq < head.seq:
            digests |= {n: digest_of_envelope(e) for n, e in ledger.envelopes([seq]).items()}
        if says := each.differs(digests.get(seq)):
            raise NotVouched(says)
