"""Audits that should have been published by now."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from croniter import croniter

from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.door import Door, Moment
from fairness_audit.records.signed.audit import AuditRecord
from fairness_audit.records.signed.statement import Record

_AT_ONCE = timedelta(seconds=1)
_QUARTERLY = {"@quarterly": "0 0 1 */3 *"}  # Airflow knows it, croniter does not


class Late(Door):
    """A model whose newest audit is older than its schedule asks for."""

    model: str
    due: Moment
    last: Moment | None

    @property
    def sentence(self) -> str:
        """What an operator is told."""
        newest = f"the newest is of {self.last:%Y-%m-%d}" if self.last else "there is none at all"
        return (
            f"the audit of {self.model} that was due on {self.due:%Y-%m-%d %H:%M} UTC is not"
            f" published; {newest}"
        )


def late_audits(
    policies: Iterable[AuditPolicy], records: Sequence[Record], now: datetime
) -> tuple[Late, ...]:
    """The models with a schedule whose last due audit is not in the ledger after its deadline.

    An audit that waits for an asset has no time at which it is due. An audit of a later moment
    than the due one stands for it.

    Args:
        policies: of all models.
        records: all records of the ledger, verified.
        now: the moment of asking, with a time zone.
    """
    late = []
    for policy in policies:
        cron = policy.schedule.cron
        if cron is None:
            continue
        before = now.astimezone(UTC) - timedelta(hours=policy.schedule.deadline_hours)
        due = croniter(_QUARTERLY.get(cron, cron), before + _AT_ONCE).get_prev(datetime)
        last = max(
            (
                each.logical_date
                for each in records
                if isinstance(each, AuditRecord) and each.model == policy.model
            ),
            default=None,
        )
        if last is None or last < due:
            late.append(Late(model=policy.model, due=due, last=last))
    return tuple(late)
