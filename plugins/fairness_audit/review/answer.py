"""What one person answered, read from what Airflow says of the answer.

Who it was is what Airflow's login says, never what a form says. An answer that nobody gave (a
timeout's default, another task's) counts as nothing, and so does one of a person who may not
answer or did already.
"""

import unicodedata
from collections.abc import Mapping
from typing import Any, Literal

from fairness_audit.encoding import digest_of
from fairness_audit.errors import ReviewError
from fairness_audit.policy.people import Review
from fairness_audit.records.door import Door, Moment
from fairness_audit.review.case import Case

NOBODY = frozenset({"anonymous"})
"""Ids that stand for everybody: of Airflow's mode in which each caller is an administrator."""


class Person(Door):
    """Somebody who is logged in to Airflow."""

    id: str
    name: str

    @property
    def label(self) -> str:
        """How a record names the person; the id comes first, because names change."""
        return self.id if self.name in ("", self.id) else f"{self.id} ({self.name})"

    def is_same(self, other: "Person") -> bool:
        """Whether both are one person; two spellings of an id are."""
        return _spelt_alike(self.id) == _spelt_alike(other.id)


class Answer(Door):
    """One person's answer to one question about one audit record.

    ``confirms`` is the digest of the answer that a second person agreed to or not; None where
    nobody answered before. A waiver lasts ``days`` from the last answer.
    """

    run_id: str
    record_id: str
    known: int
    choice: Literal["approve", "reject", "waive", "agree", "refuse"]
    findings: tuple[str, ...]
    person: Person
    at: Moment
    reason: str
    compensating_control: str | None = None
    owner: str | None = None
    days: int | None = None
    confirms: str | None = None

    @property
    def digest(self) -> str:
        """SHA-256 of the whole answer."""
        return digest_of(self.model_dump(mode="json"))


def first_answer(event: Mapping[str, Any], case: Case, review: Review, *, run_id: str) -> Answer:
    """Read the answer to what is to be done.

    Raises:
        ReviewError: when it does not count, and why.
    """
    form = _form(event)
    choice = _choice(event, case.choices)
    findings = tuple(dict.fromkeys(form.get("findings") or ()))
    _check_findings(choice, findings, case)
    waiver = _waiver(form, review) if choice == "waive" else {}
    return Answer.model_validate(
        {
            "run_id": run_id,
            "record_id": case.record.record_id,
            "known": case.known,
            "choice": choice,
            "findings": findings,
            "person": _person(event, review),
            "at": event["responded_at"],
            "reason": _words(form, "reason"),
            **waiver,
        }
    )


def second_answer(
    event: Mapping[str, Any], first: Answer, review: Review, *, run_id: str
) -> Answer:
    """Read the answer of somebody who was asked whether they agree with the first.

    Raises:
        ReviewError: when it does not count, and why.
    """
    person = _person(event, review)
    if person.is_same(first.person):
        raise ReviewError(f"{person.label} answered first; another person must answer here")
    return Answer(
        run_id=run_id,
        record_id=first.record_id,
        known=first.known,
        choice=_choice(event, ("agree", "refuse")),
        findings=first.findings,
        person=person,
        at=event["responded_at"],
        reason=_words(_form(event), "reason"),
        confirms=first.digest,
    )


def _person(event: Mapping[str, Any], review: Review) -> Person:
    given = event.get("responded_by_user")
    if event.get("timedout") or not isinstance(given, Mapping) or not given.get("id"):
        raise ReviewError("nobody answered: an answer that no person gave counts as nothing")
    person = Person(id=str(given["id"]), name=str(given.get("name") or ""))
    if _spelt_alike(person.id) in NOBODY:
        raise ReviewError(
            f"answered as {person.id}: in this Airflow everybody is an administrator, so nobody"
            " knows who that was (unset [core] simple_auth_manager_all_admins)"
        )
    allowed = {_spelt_alike(each) for each in review.reviewers}
    if allowed and _spelt_alike(person.id) not in allowed:
        raise ReviewError(f"{person.label} is not among the policy's review.reviewers")
    return person


def _choice(event: Mapping[str, Any], allowed: tuple[str, ...]) -> str:
    chosen = [str(each).lower() for each in event.get("chosen_options") or ()]
    if len(chosen) != 1 or chosen[0] not in allowed:
        raise ReviewError(f"answered {', '.join(chosen) or 'nothing'}, not {' or '.join(allowed)}")
    return chosen[0]


def _check_findings(choice: str, findings: tuple[str, ...], case: Case) -> None:
    known = {each.finding.id for each in case.standings}
    if not findings or not set(findings) <= known:
        other = ", ".join(sorted(set(findings) - known)) or "none"
        raise ReviewError(f"findings: {other} was chosen; choose from {', '.join(sorted(known))}")
    fitting = {"approve": set(case.waiting), "waive": {*case.blocking, *case.waiting}}
    unfit = sorted(set(findings) - fitting.get(choice, known))
    if unfit:
        why = "approving lets no failure through" if choice == "approve" else "it is let through"
        raise ReviewError(f"findings: {', '.join(unfit)} cannot be chosen to {choice}: {why}")


def _waiver(form: Mapping[str, Any], review: Review) -> dict[str, Any]:
    days = form.get("days")
    if isinstance(days, bool) or not isinstance(days, int):
        raise ReviewError(f"days: {days!r} is no number of days")
    if not 1 <= days <= review.waiver_max_days:
        raise ReviewError(f"days: {days} is not from 1 to {review.waiver_max_days}")
    control = _words(form, "compensating_control")
    return {"days": days, "compensating_control": control, "owner": _words(form, "owner")}


def _form(event: Mapping[str, Any]) -> Mapping[str, Any]:
    form = event.get("params_input")
    return form if isinstance(form, Mapping) else {}


def _words(form: Mapping[str, Any], field: str) -> str:
    text = form.get(field)
    words = text.strip() if isinstance(text, str) else ""
    if not words:
        raise ReviewError(f"{field.replace('_', ' ')}: is empty")
    if len(words) > 4000:
        raise ReviewError(f"{field.replace('_', ' ')}: is longer than 4,000 characters")
    return words


def _spelt_alike(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().casefold()
