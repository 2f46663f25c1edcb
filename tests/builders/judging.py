"""Builders for verdicts: what one audit hands to the judge, from counts per group."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from fairness_audit.policy.load import policy_digest
from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.finding import Finding, Judgement
from fairness_audit.records.history import History
from fairness_audit.records.measurement import Measurement, MeasurementFile
from fairness_audit.records.population import Population
from fairness_audit.records.signed.audit import AuditRecord
from fairness_audit.records.validation import Check, ValidationReport
from fairness_audit.records.version_evidence import VersionEvidence
from fairness_audit.steps.judge import judge
from fairness_audit.steps.measure.audit import measurements
from fairness_audit.steps.measure.counting.counts import Counts
from fairness_audit.steps.measure.counting.plan import Plan
from tests.builders.evidence import AS_OF, WEEKS, ByGroup, evidence_by_week, evidence_of
from tests.builders.grouped import total_of
from tests.builders.populations import policy_over

CONFIDENCE = 0.95
DIGEST = "0" * 64


def a_rule(**changes: Any) -> dict[str, Any]:
    """The four-fifths rule."""
    rule = {"id": "four_fifths", "metric": "impact_ratio", "compare": "ratio", "threshold": "4/5"}
    return rule | changes


def gender_policy(*rules: dict[str, Any], **changes: Any) -> AuditPolicy:
    """A policy over gender, reference M, with the four-fifths rule if no other is given."""
    return policy_over({"gender": "M"}, rules=list(rules) or [a_rule()], **changes)


def share(selected: int, n: int) -> Counts:
    """Decisions whose outcome is not known."""
    return Counts(selected_unlabelled=selected, not_selected_unlabelled=n - selected)


MEN = share(500, 1000)
FAIR = {"M": MEN, "F": share(490, 1000)}
BIASED = {"M": MEN, "F": share(300, 1000)}
CLOSE = {"M": share(50, 100), "F": share(38, 100)}


def measured(policy: AuditPolicy, counts: ByGroup) -> list[Measurement]:
    """All measurements of a population with these counts per combination of attribute values."""
    cells = [
        (*((values,) if isinstance(values, str) else values), outcome, selected, n)
        for values, each in counts.items()
        for outcome, selected, n in _ways(each)
        if n
    ]
    names = [*(f"attr_{name}" for name in policy.attributes), "outcome", "selected", "n"]
    types = [pa.string()] * len(policy.attributes) + [pa.bool_(), pa.bool_(), pa.int64()]
    table = pa.Table.from_pylist(
        [dict(zip(names, cell, strict=True)) for cell in cells],
        schema=pa.schema(list(zip(names, types, strict=True))),
    )
    tables = measurements(table, Plan.of(policy))
    return [Measurement.model_validate(row) for table in tables for row in table.to_pylist()]


def _ways(counts: Counts) -> Iterable[tuple[bool | None, bool, int]]:
    yield from [(True, True, counts.tp), (False, True, counts.fp)]
    yield from [(True, False, counts.fn), (False, False, counts.tn)]
    yield from [(None, True, counts.selected_unlabelled)]
    yield from [(None, False, counts.not_selected_unlabelled)]


def a_check(**changes: Any) -> Check:
    """A quality check that passed."""
    content: dict[str, Any] = {
        "suite": "population",
        "kind": "quality",
        "expectation": "expect_column_values_to_not_be_null",
        "severity": "critical",
        "passed": True,
        "attribute": None,
        "group": None,
        "observed": "0 of 100",
        "sentence": "Every decision has a score.",
    }
    return Check.model_validate(content | changes)


def judged(
    policy: AuditPolicy,
    found: Sequence[Measurement] = (),
    *,
    rows: int = 1000,
    labelled: int = 1000,
    selected: int = 500,
    checks: Sequence[Check] | None = None,
    evidence: VersionEvidence | None = None,
    earlier: Sequence[AuditRecord] = (),
    as_of: datetime = AS_OF,
    **population: Any,
) -> Judgement:
    """The judgement over this evidence; all else is in order unless it is said."""
    content = {"model": "lead_scoring", "model_version": "1", "path": Path("p"), "digest": "0"}
    content |= {"rows": rows, "decisions": rows}
    return judge(
        policy,
        population=Population.model_validate(content | population),
        totals=MeasurementFile(
            path=Path("m"),
            digest="0",
            rows=len(found),
            confidence=CONFIDENCE,
            population_digest="0",
            population_rows=rows,
            labelled_rows=labelled,
            selected_rows=selected,
            all_selected=0 < rows == selected,
        ),
        measurements=found,
        validation=ValidationReport(
            checks=tuple([a_check()] if checks is None else checks), data_docs=Path("d")
        ),
        history=History(as_of, evidence or evidence_by_week(policy, []), tuple(earlier)),
    )


def judged_counts(
    policy: AuditPolicy, counts: ByGroup, *, weeks: int = WEEKS, **changes: Any
) -> Judgement:
    """The judgement over a population with these counts, spread over weeks."""
    total = total_of(counts)
    totals = {"rows": total.n, "labelled": total.labelled, "selected": total.selected}
    evidence = evidence_of(policy, counts, weeks)
    return judged(policy, measured(policy, counts), **(totals | {"evidence": evidence} | changes))


def about(judgement: Judgement, **where: Any) -> Finding:
    """The only finding that has these values."""
    found = [f for f in judgement.findings if all(getattr(f, k) == v for k, v in where.items())]
    assert len(found) == 1, f"{len(found)} findings with {where}: {judgement.findings}"
    return found[0]


def recorded(policy: AuditPolicy, judgement: Judgement, as_of: datetime = AS_OF) -> AuditRecord:
    """The record of an audit that judged so."""
    digests = ("artifact", "snapshot", "population", "measurements", "report")
    counts = ("decisions", "audited", "labelled", "selected", "checks", "checks_passed")
    content: dict[str, Any] = {f"{name}_digest": DIGEST for name in digests}
    content |= {"policy_digest": policy_digest(policy)}
    content |= {"seq": 1, "prev": None, "model": "lead_scoring", "model_version": "1"}
    content |= {"registered_model": "lead_scoring", "versions": {}}
    content |= {"logical_date": as_of, "issued": as_of, "expires": as_of + timedelta(days=35)}
    content |= {"window_start": as_of - timedelta(days=182), "window_end": as_of}
    content |= {"counts": dict.fromkeys(counts, 0), "verdict": judgement.verdict}
    content |= {"basis": judgement.basis, "findings": judgement.findings}
    content |= {"attributes": judgement.attributes}
    return AuditRecord.model_validate(content)


def without_interval(sentence: str) -> str:
    """A sentence without the interval in it, which other tests hold."""
    interval = r"; (95 % interval|the (ratio|difference) is from) .*?(?=[;)]|, |\.$)"
    return re.sub(interval, "", sentence)


def in_words(sentence: str) -> str:
    """A sentence without its interval and when it will be settled, and letters for numbers.

    N is how rare what was seen is, D since when a failure stands, E what lifts it: all follow from
    the numbers behind the finding, which other tests hold.
    """
    said = re.sub(r"at most once in [\d,]+", "at most once in N", without_interval(sentence))
    said = re.sub(r"with the (week|day) of [\d-]+", r"with the \1 of D", said)
    said = re.sub(r"\(evidence [\d,]+\)", "(evidence E)", said)
    return re.sub(r"; (at these sizes three years|if the true \w+ is) .*?(?=\.$)", "", said)


def disparities(judgement: Judgement) -> list[Finding]:
    """The findings about disparities."""
    return [each for each in judgement.findings if each.kind == "disparity"]
