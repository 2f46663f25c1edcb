"""What counting evidence adds to a measurement, and how long folding it takes.

Run by hand (``pytest -s tests/bench/bench_evidence.py``).
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from fairness_audit.policy.metrics import SELECTION_RATE
from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.counted_units import Entry
from fairness_audit.records.evidence import Evidence, digest_of_content
from fairness_audit.records.population import Population
from fairness_audit.records.version_evidence import fold
from fairness_audit.steps.measure import measure
from tests.bench.bench_measure import median
from tests.bench.groupings import ATTRIBUTES, GROUPINGS
from tests.builders.populations import SQL, policy_over

ROWS = 10_000_000
START = datetime(2026, 1, 5, tzinfo=UTC)
WEEKS = 26
WINDOW = {"window_start": START, "window_end": START + timedelta(weeks=WEEKS)}
RULES = [
    {"id": "a", "metric": "impact_ratio", "compare": "ratio", "threshold": "4/5"},
    {"id": "b", "metric": "true_positive_rate", "compare": "difference", "threshold": "1/10"},
]


def the_policy() -> AuditPolicy:
    """Five attributes and all their pairs: 15 groupings."""
    pairs = [parts for parts in GROUPINGS.values() if len(parts) == 2]
    references = {name: f"{name}0" for name in ATTRIBUTES}
    return policy_over(references, rules=RULES, intersections=pairs)


def decisions(folder: Path, each: int) -> Population:
    """Decisions of 26 weeks, so many about each person, as `assemble` writes them."""
    path = folder / f"decisions_{each}.parquet"
    groups = ", ".join(
        f"'{name}' || CAST(hash(person * 31 + {i}) % {n} AS INTEGER) AS attr_{name}"
        for i, (name, n) in enumerate(ATTRIBUTES.items())
    )
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SELECT setseed(0.5)")
        connection.execute(
            f"COPY (SELECT CAST(i AS VARCHAR) AS decision_id,"
            f" sha256(CAST(person AS VARCHAR)) AS subject_id,"
            f" TIMESTAMPTZ '{START}' + to_seconds(CAST(floor(random() * {WEEKS * 604_800})"
            f" AS BIGINT)) AS decided_at, '1' AS model_version, random() AS score,"
            f" random() < 0.4 AS selected, random() < 0.3 AS outcome, {groups}"
            f" FROM (SELECT range AS i, range // {each} AS person FROM range({ROWS})))"
            f" TO '{path}' (FORMAT parquet, COMPRESSION zstd)"
        )
    return Population(
        model="lead_scoring", model_version="1", path=path, digest="0" * 64, rows=ROWS,
        decisions=ROWS, subjects=-(-ROWS // each),
    )  # fmt: skip


@pytest.mark.timeout(7200)
@pytest.mark.parametrize(("each", "most"), [(1, 1.2), (26, 3.0)])
def test_what_evidence_adds_to_a_measurement(tmp_path: Path, each: int, most: float) -> None:
    policy, population = the_policy(), decisions(tmp_path, each)
    dated = population.model_copy(update=WINDOW)

    def measured(given: Population) -> float:
        return median(lambda: measure(policy, given, sql=SQL, folder=tmp_path / "run"))

    without, with_it = measured(population), measured(dated)
    size = (tmp_path / "run" / "evidence.json").stat().st_size
    print(
        f"\n{ROWS:,} decisions, {each} about a person, 15 groupings, {WEEKS} weeks: measured in"
        f" {without:.1f} s, with evidence in {with_it:.1f} s ({with_it / without:.2f} x);"
        f" a file of {size / 1e6:.1f} MB"
    )
    assert with_it <= most * without


@pytest.mark.timeout(3600)
def test_folding_two_hundred_audits(tmp_path: Path) -> None:
    """The file of a population of which everybody is decided about again and again."""
    policy = the_policy()
    population = decisions(tmp_path, 26).model_copy(update=WINDOW)
    file = measure(policy, population, sql=SQL, folder=tmp_path / "run").evidence
    assert file is not None
    read = Evidence.read(file.read_bytes())
    contents = [
        read.model_copy(
            update={"starts": tuple(day + timedelta(weeks=week) for day in read.starts)}
        ).content
        for week in range(200)
    ]

    def folded() -> None:
        evidence = fold(
            (
                Entry(START + timedelta(weeks=week), week, digest_of_content(each),
                      Evidence.read(each))
                for week, each in enumerate(contents)
            ),
            unit="week",
            counts_from=None,
        )  # fmt: skip
        place = evidence.places[1]
        for group in evidence.groups(place):
            evidence.subjects(place, group, SELECTION_RATE)

    size = sum(map(len, contents)) / 1e6
    print(f"\n200 audits, {size:.0f} MB of evidence, folded in {median(folded, 1):.1f} s")
