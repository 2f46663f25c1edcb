"""What people are asked to decide: the findings that stand against one audited version."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from fairness_audit.errors import ReviewError
from fairness_audit.policy.load import LoadedPolicy
from fairness_audit.records.signed.audit import AuditRecord
from fairness_audit.records.signed.review import ReviewRecord
from fairness_audit.records.signed.statement import Record
from fairness_audit.steps.gate.decision import InForce, records_in_force, standings_in
from fairness_audit.steps.gate.lasting import is_of_one_version
from fairness_audit.steps.gate.people import Standing

Choice = Literal["approve", "reject", "waive"]


@dataclass(frozen=True)
class Case:
    """One audit record, and what people made of its findings so far.

    ``known`` is the number of the last record in the ledger that this was drawn from: what
    somebody decides later than that is not yet part of it.
    """

    record: AuditRecord
    standings: tuple[Standing, ...]
    known: int

    @property
    def only_waits(self) -> bool:
        """True if nothing but people who were not asked yet stands in the way."""
        return bool(self.waiting) and not self.blocking and not self._asked & set(self.waiting)

    @property
    def _asked(self) -> set[str]:
        """Findings that people were asked about: in this audit, or before and they rejected them.

        An approval of before that has expired is asked for anew.
        """
        return {
            each.finding.id
            for each in self.standings
            if each.review is not None
            and (
                each.review.audit_record_id == self.record.record_id
                or each.review.decision == "reject"
            )
        }

    @property
    def waiting(self) -> tuple[str, ...]:
        """Ids of the open findings that the policy sends to people."""
        return self._ids("review", is_open=True)

    @property
    def blocking(self) -> tuple[str, ...]:
        """Ids of the open findings that block."""
        return self._ids("block", is_open=True)

    @property
    def settled(self) -> tuple[str, ...]:
        """Ids of the findings that were let through; rejecting one ends that."""
        return tuple(each.finding.id for each in self.standings if not each.open)

    @property
    def choices(self) -> tuple[Choice, ...]:
        """What can be decided: only what waits is approved, only what blocks is waived."""
        approve: tuple[Choice, ...] = ("approve",) if self.waiting else ()
        waive: tuple[Choice, ...] = ("waive",) if self.blocking else ()
        return (*approve, "reject", *waive)

    @property
    def preselected(self) -> tuple[str, ...]:
        """The findings that somebody who changes nothing decides about."""
        return self.waiting or self.blocking or self.settled

    def _ids(self, at_gate: str, *, is_open: bool) -> tuple[str, ...]:
        return tuple(
            each.finding.id
            for each in self.standings
            if each.finding.at_gate == at_gate and each.open is is_open
        )


def case_of(
    loaded: LoadedPolicy, records: Sequence[Record], record_id: str, now: datetime
) -> Case:
    """The case of one audit record.

    Args:
        loaded: the model's policy as it is now.
        records: all records of the ledger, in its order, verified.
        record_id: of the audit, or the beginning of it, 12 characters or more.
        now: the moment of asking, with a time zone.

    Raises:
        ReviewError: when a decision about this record would change nothing, and why.
    """
    policy = loaded.policy
    audits = [each for each in records if isinstance(each, AuditRecord)]
    record = _named(audits, record_id)
    about = f"record {record.record_id[:12]} of {record.model} version {record.model_version}"
    if record.model != policy.model:
        raise ReviewError(f"{about} is not of {policy.model}")
    version = record.model, record.model_version, record.artifact_digest
    in_force = records_in_force(audits, *version) or InForce(record, None)
    if record not in in_force:
        newest = in_force.governing.record_id[:12]
        raise ReviewError(f"{about} was followed by {newest}; review that one")
    if changed := loaded.changed_since(record.method, record.policy_digest):
        raise ReviewError(f"{about} is of before: {changed} since; audit the version again")
    if record.expires <= now:
        raise ReviewError(f"{about} expired on {record.expires:%Y-%m-%d}; audit it again")
    found = standings_in(record, in_force, records, policy, now)
    case = Case(record, tuple(found), known=max(each.seq for each in records))
    if not case.standings:
        raise ReviewError(f"{about} has nothing to decide: no finding stands against it")
    return case


def newest_waiting(loaded: LoadedPolicy, records: Sequence[Record], now: datetime) -> str:
    """Id of the newest audit of a model that waits for people.

    Raises:
        ReviewError: when none does.
    """
    audits = [
        each
        for each in records
        if isinstance(each, AuditRecord) and each.model == loaded.policy.model
    ]
    for record in sorted(audits, key=lambda each: (each.logical_date, each.seq), reverse=True):
        try:
            case = case_of(loaded, records, record.record_id, now)
        except ReviewError:
            continue
        if case.waiting:
            return record.record_id
    raise ReviewError(
        f"no audit of {loaded.policy.model} waits for a review (to ask for a waiver, or to end"
        " one, start the DAG with the id of the record)"
    )


def decided_meanwhile(review: ReviewRecord, known: int, records: Iterable[Record]) -> str | None:
    """Who decided about one of these findings after they were asked about, if somebody did.

    In whichever audit of the version: a decision lasts for all that find the same.
    """
    for each in records:
        if (
            isinstance(each, ReviewRecord)
            and each.seq > known
            and is_of_one_version(each, review)
            and set(review.findings) & set(each.findings)
            and each.record_id != review.record_id
        ):
            return f"{' and '.join(each.approvers)} ({each.decision})"
    return None


def _named(audits: Sequence[AuditRecord], record_id: str) -> AuditRecord:
    found = [each for each in audits if each.record_id.startswith(record_id)]
    if len(record_id) < 12 or len(found) != 1:
        raise ReviewError(
            f"{record_id!r} names no audit record; fairness-audit verify lists them"
            " (12 characters are enough)"
        )
    return found[0]
