"""Data that nobody should judge by: from the population to the gate it is never a pass."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.finding import Judgement, Verdict
from fairness_audit.steps.judge import judge
from fairness_audit.steps.measure import measure, read_measurements
from fairness_audit.steps.validate import validate
from fairness_audit.steps.validate.suites import KINDS
from tests import CHECKOUT
from tests.builders.evidence import first_audit
from tests.builders.populations import SQL, Row, a_population, policy_over

RULES = [
    {"id": "four_fifths", "metric": "impact_ratio", "compare": "ratio", "threshold": "4/5"},
    {
        "id": "equal_opportunity",
        "metric": "true_positive_rate",
        "compare": "difference",
        "threshold": "1/4",
    },
]


def people(*groups: str, each: int = 600, **values: Any) -> list[Row]:
    """As many of every group; selection follows the outcome, the same way in every group."""
    return [
        {
            "attr_gender": group,
            "outcome": number % 3 == 0,
            "selected": number % 3 == 0 or number % 5 == 0,
            "score": (number % 10) / 10,
        }
        | values
        for group in groups
        for number in range(each)
    ]


def judged(rows: list[Row], folder: Path) -> Judgement:
    """What the whole audit says of a population, from the suites to the verdict."""
    policy = a_policy_with_reference()
    week = {
        "window_start": datetime(2026, 1, 5, tzinfo=UTC),
        "window_end": datetime(2026, 1, 12, tzinfo=UTC),
    }
    population = a_population(folder, ["attr_gender"], rows).model_copy(update=week)
    measured = measure(policy, population, sql=SQL, folder=folder / "run")
    return judge(
        policy,
        population=population,
        totals=measured,
        measurements=read_measurements(measured),
        validation=validate(
            policy, population, suites=gender_suites(folder), sql=SQL, docs=folder / "docs"
        ),
        history=first_audit(measured),
    )


def a_policy_with_reference() -> AuditPolicy:
    content = policy_over({"gender": "M"}, rules=RULES).model_dump(mode="json", by_alias=True)
    content["attributes"]["gender"]["reference_population"] = {
        "source": "as many women as men",
        "dated": "2026-01-01",
        "expires": "2031-01-01",
        "shares": {"F": "1/2", "M": "1/2"},
    }
    return AuditPolicy.model_validate(content)


def gender_suites(folder: Path) -> Path:
    """The shipped suites of lead scoring, about gender alone."""
    suites = folder / "suites"
    suites.mkdir(exist_ok=True)
    for kind in KINDS:
        suite = json.loads((CHECKOUT / "expectations/lead_scoring" / f"{kind}.json").read_text())
        suite["expectations"] = [
            each
            for each in suite["expectations"]
            if each["kwargs"].get("attribute", "gender") == "gender"
        ]
        (suites / f"{kind}.json").write_text(json.dumps(suite))
    return suites


def test_sound_data_pass(tmp_path: Path) -> None:
    judgement = judged(people("F", "M"), tmp_path)
    assert judgement.verdict is Verdict.PASS, judgement.deciding.sentence


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "no decision"),
        (people("F", "M", outcome=None), "outcome"),
        (people("M"), "group"),
        (people("unknown"), "known"),
        (people("F", "M", score=float("nan")), "not a number or infinite"),
        (people("F", "M", score=float("inf")), "not a number or infinite"),
        (people("F", "M", score=-0.1), "outside 0 to 1"),
        (people("F", "M", selected=True), "selected"),
        (people("F", "M", selected=False), "selected"),
        (
            [dict(row, selected=not row["selected"]) for row in people("F", "M")],
            "inverted",
        ),
    ],
    ids=[
        "empty window",
        "no outcome known",
        "one group",
        "no group known",
        "NaN score",
        "infinite score",
        "score below 0",
        "everybody selected",
        "nobody selected",
        "score or label inverted",
    ],
)
def test_faulty_data_never_pass_and_a_finding_says_why(
    tmp_path: Path, rows: list[Row], said: str
) -> None:
    judgement = judged(rows, tmp_path)
    assert judgement.verdict in (Verdict.INCONCLUSIVE, Verdict.FAIL)
    blocking = [each for each in judgement.findings if each.at_gate == "block"]
    assert any(said in each.sentence for each in blocking), [each.sentence for each in blocking]
