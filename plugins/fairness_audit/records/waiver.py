"""A waiver as it is listed: what was waived, by whom, until when, what became of it."""

from typing import Literal

from fairness_audit.records.door import Door, Moment

State = Literal["in force", "expired", "ended", "overtaken"]


class Waiver(Door):
    """One finding that was waived.

    It is ``in force``, ``expired``, ``ended`` by a later decision on the same finding, or
    ``overtaken`` by a newer audit of the version that does not find the same: the failure was
    lifted, or another one is there, which needs people again.
    """

    model: str
    model_version: str
    finding: str
    owner: str
    compensating_control: str
    approvers: tuple[str, ...]
    issued: Moment
    expires: Moment
    state: State
    record_id: str
    audit_record_id: str
