"""The forms people fill in, as JSON schemas that Airflow draws fields from."""

from typing import Any

from fairness_audit.policy.people import Review
from fairness_audit.review.case import Case

Field = dict[str, Any]
"""What Airflow's `Param` takes: ``default``, ``title``, and the rest of a JSON schema."""

_WORDS = {"type": "string", "minLength": 1, "maxLength": 4000, "format": "multiline"}
_PERHAPS_WORDS = {"type": ["null", "string"], "maxLength": 4000, "format": "multiline"}


def first_form(case: Case, review: Review) -> dict[str, Field]:
    """What the first person fills in."""
    every = [each.finding.id for each in case.standings]
    form: dict[str, Field] = {
        "reason": _reason("Your reason"),
        "findings": {
            "default": list(case.preselected),
            "title": "Findings you decide about",
            "type": "array",
            "items": {"type": "string", "enum": every},
            "examples": every,
        },
    }
    if "waive" in case.choices:
        form |= {
            "compensating_control": {
                **_PERHAPS_WORDS,
                "default": None,
                "title": "To waive: what protects people instead",
            },
            "owner": {
                "default": review.owner,
                "title": "To waive: who answers for it",
                "type": ["null", "string"],
            },
            "days": {
                "default": min(30, review.waiver_max_days),
                "title": f"To waive: for how many days, {review.waiver_max_days} at most",
                "type": "integer",
                "minimum": 1,
                "maximum": review.waiver_max_days,
            },
        }
    return form


def second_form() -> dict[str, Field]:
    """What every further person fills in."""
    return {"reason": _reason("Your reason")}


def _reason(title: str) -> Field:
    return {
        **_WORDS,
        "default": "",
        "title": title,
        "description": "It is signed and kept for good, with your name. No names of customers.",
    }
