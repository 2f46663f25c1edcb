"""A policy's digest: every field enters it, or says why it does not."""

from collections.abc import Iterator, Mapping
from datetime import date
from fractions import Fraction
from typing import Any, Final, NamedTuple, get_args

import pytest

from fairness_audit.policy.attribute import Assumption, Provenance, Unknown
from fairness_audit.policy.base import OUTSIDE, Strict
from fairness_audit.policy.candidate import Selects
from fairness_audit.policy.error_rate import ErrorRate
from fairness_audit.policy.evidence import EvidencePolicy
from fairness_audit.policy.gaps import EXPOSURE
from fairness_audit.policy.load import policy_digest
from fairness_audit.policy.metrics import ACCURACY
from fairness_audit.policy.model import (
    Against,
    AtGate,
    AuditPolicy,
    Comparison,
    FailsOn,
    Schedule,
    Severity,
    Sides,
)
from fairness_audit.policy.people import Notify
from fairness_audit.policy.source import SchemaDrift

SMALL: Final[dict[str, Any]] = {
    "model": "lead_scoring",
    "description": "Which leads are called first.",
    "source": {
        "crm": "sample",
        "connection": "sample_crm",
        "objects": {"lead": {"table": "leads", "columns": ["id"], "key": "id"}},
    },
    "favourable": "selected",
    "window_days": 28,
    "maturity_days": 60,
    "attributes": {"gender": {"provenance": "self_id", "reference_group": "M"}},
    "rules": [
        {"id": "four_fifths", "metric": "impact_ratio", "compare": "ratio", "threshold": "4/5"}
    ],
    "schedule": {"asset": "crm_loaded"},
    "gate": {"registered_model": "lead_scoring", "alias": "champion", "valid_days": 35},
    "review": {"owner": "responsible-ai"},
}
"""A policy that writes only what every policy writes."""

WHOLE: Final[dict[str, Any]] = SMALL | {
    "source": {
        "crm": "sample",
        "connection": "sample_crm",
        "objects": {
            "lead": {
                "table": "leads",
                "schema": "crm",
                "columns": ["id", "changed_at", "gender"],
                "key": "id",
                "modified_on": "changed_at",
            }
        },
        "look_back_minutes": 30,
        "refresh_days": 3,
        "schema_drift": "fail",
    },
    "attributes": {
        "gender": {
            "provenance": "proxy",
            "proxy": {"method": "first names of the census", "accuracy": "9/10"},
            "reference_group": "M",
            "reference_population": {
                "source": "census",
                "dated": "2021-06-30",
                "expires": "2031-06-30",
                "shares": {"F": "1/2", "M": "1/2"},
            },
            "unknown": {"assume": "at_random", "reason": "nobody was asked at all"},
        },
        "age_band": {"provenance": "self_id", "reference_group": "30-49"},
    },
    "intersections": [["gender", "age_band"]],
    "strata": ["segment"],
    "min_group_size": 50,
    "error_rate": {"alpha": "1/50"},
    "evidence": {"unit": "day", "trained_until": {"1": "2026-01-05T00:00:00Z"}},
    "rules": [
        {
            "id": "equal_opportunity",
            "metric": "true_positive_rate",
            "compare": "difference",
            "against": "rest",
            "attributes": ["gender"],
            "threshold": "1/10",
            "sides": "harm",
            "fails_on": "difference",
            "severity": "warn",
            "inconclusive": "allow",
        }
    ],
    "gaps": [
        {
            "id": "ranking",
            "metric": "conditional_impact_ratio",
            "attributes": ["gender"],
            "within": "segment",
            "threshold": "4/5",
        }
    ],
    "subgroup_search": {"depth": 2},
    "schedule": {"cron": "0 5 * * 1", "deadline_hours": 12},
    "gate": SMALL["gate"] | {"smallest_share": "1/20"},
    "candidate": {"selects": {"top_share": "2/5"}, "score_range": [0, 100]},
    "review": {
        "owner": "responsible-ai",
        "approvals": 2,
        "waiver_max_days": 30,
        "reviewers": ["ada", "grace"],
        "timeout_hours": 24,
    },
    "notify": {"email": ["ai@example.org"], "webhook": "chat"},
}
"""A policy that writes every part there is."""

WITHOUT_GAPS: Final = {name: part for name, part in WHOLE.items() if name != "gaps"}

POLICY: Final = AuditPolicy.model_validate(WHOLE)
SOURCE, REVIEW, GATE = POLICY.source, POLICY.review, POLICY.gate

OTHER: Final[Mapping[str, Any]] = {
    "AuditPolicy.model": "other",
    "AuditPolicy.description": "other",
    "AuditPolicy.source": SOURCE.model_copy(update={"crm": "other"}),
    "AuditPolicy.favourable": "not_selected",
    "AuditPolicy.window_days": 29,
    "AuditPolicy.maturity_days": 61,
    "AuditPolicy.attributes": {},
    "AuditPolicy.intersections": (),
    "AuditPolicy.strata": (),
    "AuditPolicy.min_group_size": 51,
    "AuditPolicy.gaps": (),
    "GapRule.id": "other",
    "GapRule.metric": EXPOSURE,
    "GapRule.attributes": ("age_band",),
    "GapRule.within": None,
    "GapRule.threshold": Fraction(3, 4),
    "AuditPolicy.error_rate": ErrorRate(),
    "AuditPolicy.evidence": EvidencePolicy(),
    "AuditPolicy.rules": (),
    "AuditPolicy.subgroup_search": None,
    "AuditPolicy.schedule": Schedule(asset="other"),
    "AuditPolicy.gate": GATE.model_copy(update={"alias": "other"}),
    "AuditPolicy.review": REVIEW.model_copy(update={"owner": "other"}),
    "AuditPolicy.candidate": None,
    "AuditPolicy.notify": Notify(),
    "Source.crm": "other",
    "Source.connection": "other",
    "Source.objects": {},
    "Source.look_back_minutes": 60,
    "Source.refresh_days": 7,
    "Source.schema_drift": SchemaDrift.WARN,
    "SourceObject.table": "other",
    "SourceObject.schema_name": None,
    "SourceObject.columns": ("id", "changed_at"),
    "SourceObject.key": "gender",
    "SourceObject.window_on": "changed_at",
    "SourceObject.modified_on": None,
    "Attribute.provenance": Provenance.ADMINISTRATIVE,
    "Attribute.proxy": None,
    "Attribute.reference_group": "F",
    "Attribute.reference_population": None,
    "Attribute.unknown": Unknown(),
    "Proxy.method": "other",
    "Proxy.accuracy": Fraction(19, 20),
    "ReferencePopulation.source": "other",
    "ReferencePopulation.dated": date(2022, 1, 1),
    "ReferencePopulation.expires": date(2032, 1, 1),
    "ReferencePopulation.shares": {"F": Fraction(1, 3), "M": Fraction(2, 3)},
    "Unknown.assume": Assumption.BOUNDS,
    "Unknown.reason": "another reason",
    "ErrorRate.alpha": Fraction(1, 20),
    "EvidencePolicy.unit": "week",
    "EvidencePolicy.trained_until": {},
    "Rule.id": "other",
    "Rule.metric": ACCURACY,
    "Rule.compare": Comparison.RATIO,
    "Rule.against": Against.BEST,
    "Rule.attributes": None,
    "Rule.threshold": Fraction(1, 9),
    "Rule.sides": Sides.BOTH,
    "Rule.fails_on": FailsOn.LIMIT,
    "Rule.severity": Severity.FAIL,
    "Rule.inconclusive": AtGate.BLOCK,
    "SubgroupSearch.depth": 1,
    "SubgroupSearch.threshold": Fraction(1, 2),
    "SubgroupSearch.severity": Severity.FAIL,
    "SubgroupSearch.inconclusive": AtGate.BLOCK,
    "Schedule.cron": "0 6 * * 1",
    "Schedule.asset": "other",
    "Schedule.deadline_hours": 13,
    "Gate.mode": "warn",
    "Gate.registered_model": "other",
    "Gate.alias": "other",
    "Gate.valid_days": 36,
    "Gate.smallest_share": Fraction(0),
    "Gate.sweep": "demote",
    "Candidate.selects": Selects(score_at_least=Fraction(1, 2)),
    "Candidate.score_range": (Fraction(0), Fraction(1)),
    "Candidate.confinement": ("namespaces", "seccomp"),
    "Selects.score_at_least": Fraction(1, 2),
    "Selects.top_share": Fraction(1, 5),
    "Review.owner": "other",
    "Review.approvals": 1,
    "Review.waiver_max_days": 90,
    "Review.reviewers": (),
    "Review.timeout_hours": 25,
    "Notify.email": (),
    "Notify.webhook": None,
}
"""Another value of every field than the whole policy has."""

DEFAULTS: Final[Mapping[str, Any]] = {
    "Attribute.proxy": None,
    "AuditPolicy.candidate": None,
    "AuditPolicy.gaps": (),
    "Candidate.confinement": ("capabilities", "landlock", "quota", "rlimits", "seccomp"),
    "Candidate.score_range": (0, 1),
    "Review.waiver_max_days": 90,
    "Selects.score_at_least": None,
    "Selects.top_share": None,
    "Source.look_back_minutes": 60,
    "Source.refresh_days": 7,
    "Source.schema_drift": SchemaDrift.WARN,
    "SourceObject.modified_on": None,
}
"""What policies mean that do not write the field; their digest cannot tell, so it is for good."""


class Field(NamedTuple):
    """A field of a part of a policy, and whether it or what it stands in is outside the digest."""

    name: str
    path: tuple[str | int, ...]
    outside: bool


def fields(
    value: object, path: tuple[str | int, ...] = (), outside: bool = False
) -> Iterator[Field]:
    """Every field of a policy, wherever it stands."""
    if isinstance(value, Strict):
        for name, field in type(value).model_fields.items():
            is_outside = outside or OUTSIDE["always"] in (field.description or "")
            yield Field(f"{type(value).__name__}.{name}", (*path, name), is_outside)
            yield from fields(getattr(value, name), (*path, name), is_outside)
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from fields(each, (*path, key), outside)
    elif isinstance(value, tuple):
        for index, each in enumerate(value):
            yield from fields(each, (*path, index), outside)


def replaced(value: Any, path: tuple[str | int, ...], by: object) -> Any:
    """The value with another one at one place; nothing asks whether the two fit together."""
    if not path:
        return by
    first, *rest = path
    if isinstance(value, Strict):
        inner = replaced(getattr(value, str(first)), tuple(rest), by)
        return value.model_copy(update={str(first): inner})
    if isinstance(value, dict):
        return value | {first: replaced(value[first], tuple(rest), by)}
    return tuple(
        replaced(each, tuple(rest), by) if index == first else each
        for index, each in enumerate(value)
    )


FIELDS: Final = {field.name: field for field in reversed(list(fields(POLICY)))}


def parts_of(annotation: object) -> Iterator[type[Strict]]:
    """Every part that a field of this type may hold, and the parts of those."""
    if isinstance(annotation, type) and issubclass(annotation, Strict):
        yield annotation
        for field in annotation.model_fields.values():
            yield from parts_of(field.annotation)
    for each in get_args(annotation):
        yield from parts_of(each)


PARTS: Final = set(parts_of(AuditPolicy))


def test_the_table_names_every_field_of_every_part() -> None:
    declared = {f"{part.__name__}.{name}" for part in PARTS for name in part.model_fields}
    assert set(OTHER) == declared
    assert set(FIELDS) == declared


@pytest.mark.parametrize("name", OTHER)
def test_a_field_enters_the_digest_or_says_why_not(name: str) -> None:
    field = FIELDS[name]
    changed = replaced(POLICY, field.path, OTHER[name])
    assert changed != POLICY
    assert (policy_digest(changed) == policy_digest(POLICY)) == field.outside


def test_what_is_left_out_is_left_out_with_a_reason() -> None:
    for part in PARTS:
        for name, field in part.model_fields.items():
            when = "always" if field.exclude else "at its default" if field.exclude_if else "never"
            said = field.description or ""
            reasons = {each: said.partition(OUTSIDE[each])[2] for each in OUTSIDE}
            given = {each for each, reason in reasons.items() if len(reason) > 15}
            assert given == {when} - {"never"}, f"{part.__name__}.{name}"


def test_a_default_outside_the_digest_never_changes() -> None:
    found = {
        f"{part.__name__}.{name}": field.default
        for part in PARTS
        for name, field in part.model_fields.items()
        if field.exclude_if
    }
    assert found == DEFAULTS


def test_what_is_written_as_it_is_by_default_changes_no_digest() -> None:
    small = AuditPolicy.model_validate(SMALL)
    written = SMALL | {
        "source": SMALL["source"]
        | {"look_back_minutes": 60, "refresh_days": 7, "schema_drift": "warn"},
        "review": SMALL["review"] | {"waiver_max_days": 90},
        "candidate": None,
    }
    assert policy_digest(AuditPolicy.model_validate(written)) == policy_digest(small)


@pytest.mark.parametrize(
    ("content", "digest"),
    [
        (SMALL, "56090c8e2bea0a9bd195d4f05f6b892ccc1c1e3ee13d0c21e08bbd1aa271d1a6"),
        (WITHOUT_GAPS, "6b19943cdc53bfd9675e01dcc90ed02661e865450b30740f7f8e7cc42f20389c"),
    ],
    ids=["small", "whole"],
)
def test_policies_keep_the_digest_that_their_records_name(
    content: dict[str, Any], digest: str
) -> None:
    assert policy_digest(AuditPolicy.model_validate(content)) == digest
