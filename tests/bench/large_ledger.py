"""A ledger as it is after years: thousands of signed records of twenty models, of real size."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from sqlalchemy import insert

from fairness_audit.ledger.entry import Entry
from fairness_audit.ledger.ledger import Ledger, _next
from fairness_audit.ledger.table import ledger_table
from fairness_audit.ledger.verified import heads_of
from fairness_audit.records.signed.audit import AuditRecord
from fairness_audit.records.signed.dsse import SignedRecord, _sealed, sign_head
from fairness_audit.records.signed.index import IndexRow, Vouch, index_digest
from fairness_audit.records.signed.statement import payload_of
from tests.builders.published import LOGICAL_DATE, MODEL, SIGNER, TRUSTED, a_finding, a_record

MODELS = (MODEL, *(f"model_{number}" for number in range(2, 21)))
AUDITS_OF_A_VERSION = 50
FINDINGS = 96
"""So many that the envelope of a record has 39 kB, as those of real audits have."""


def grow(ledger: Ledger, count: int, policy_digest: str) -> None:
    """Append audits of all models in turn, week after week, and write the heads they make.

    In one transaction, and without reading back what was signed: else it took an hour.
    """
    heads = Path(heads_of(ledger).place)
    heads.mkdir(parents=True, exist_ok=True)
    newest = heads_of(ledger).newest(TRUSTED)
    digest = newest.index_digest if newest else None
    with ledger._database.writing() as connection:
        for signed in _chain(*_next(connection), count, policy_digest):
            connection.execute(insert(ledger_table).values(Entry.of(signed).values))
            digest = index_digest([IndexRow.of(signed.record)], digest)
            vouch = Vouch(digest, {SIGNER.public_key.keyid: signed.record.seq})
            file = heads / f"{signed.record.seq:012d}.json"
            file.write_bytes(sign_head(signed, SIGNER, vouch))


def _chain(seq: int, prev: str | None, count: int, policy_digest: str) -> Iterator[SignedRecord]:
    template = a_record(
        policy_digest=policy_digest,
        findings=[a_finding(rule=f"rule_{number}") for number in range(FINDINGS)],
    )
    for number in range(count):
        week, model = divmod(number, len(MODELS))
        record = template.model_copy(
            update={
                "seq": seq,
                "prev": prev,
                "model": MODELS[model],
                "registered_model": MODELS[model],
                "model_version": str(100 + week // AUDITS_OF_A_VERSION),
                "logical_date": LOGICAL_DATE + timedelta(weeks=week),
            }
        )
        signed = _signed(record)
        yield signed
        seq, prev = seq + 1, signed.digest


def _signed(record: AuditRecord) -> SignedRecord:
    return SignedRecord(record, _sealed(payload_of(record), SIGNER))
