"""Whether score and label point the same way is asked of people, not of rows."""

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binomtest

from fairness_audit.records.counted_units import Entry
from fairness_audit.records.validation import NO_CHECKS
from fairness_audit.records.version_evidence import fold
from fairness_audit.statistics.course import State
from fairness_audit.steps.judge.questions import Polarity
from fairness_audit.steps.judge.tables import Tables
from fairness_audit.steps.judge.trial import Trial
from fairness_audit.steps.measure.counting.evidence import evidence_of
from fairness_audit.steps.measure.counting.scan import group_counts
from tests.builders.dated import Decided, after, dated_population
from tests.builders.evidence import AS_OF
from tests.builders.judging import gender_policy
from tests.builders.populations import SQL

POLICY = gender_policy()
WEEKS, PERSONS, TIMES = 8, 20, 8
RUNS = 60
WINDOW = after(0), after(7 * WEEKS)


def decided(draw: np.random.Generator, true: float, false: float, *, again: int) -> list[Decided]:
    """New persons every week, each decided about eight times, always alike and with one outcome.

    ``true`` and ``false`` are how often those with a positive outcome and the others are selected.
    The eight lie ``again`` days apart, in turn with those of the last week.
    """
    found = []
    for number in range(WEEKS * PERSONS):
        outcome = bool(draw.random() < 0.3)
        selected = bool(draw.random() < (true if outcome else false))
        groups = {"gender": "F" if number % 2 else "M"}
        found += [
            Decided(
                after((7 * (number // PERSONS) + again * time) % (7 * WEEKS) + 0.5),
                f"s{number}",
                selected,
                outcome,
                groups,
            )
            for time in range(TIMES)
        ]
    return found


def failed(folder: Path, made: list[Decided]) -> bool:
    """Whether polarity failed after any week, by what is counted of these decisions."""
    population = dated_population(folder, POLICY, made, WINDOW)
    group_counts(population.path, sql=SQL, folder=folder)
    counted = evidence_of(POLICY, population, WINDOW, sql=SQL, folder=folder, counts_from=None)
    evidence = fold([Entry(AS_OF, None, "0" * 64, counted)], unit="week", counts_from=None)
    trial = Trial.of(Tables(POLICY, evidence), POLICY.rules, NO_CHECKS)
    after_each = trial.positions_after(range(1, WEEKS + 1), {})
    return any(each[Polarity()].state is State.FAIL for each in after_each)


@pytest.mark.parametrize("again", [0, 7], ids=["in one week", "every week"])
def test_the_same_people_eight_times_fail_it_no_more_often_than_once(
    tmp_path: Path, again: int
) -> None:
    """By rows half of the first would fail, though no outcome has to do with a selection."""
    draw = np.random.default_rng(2026)
    found = sum(
        failed(tmp_path / str(run), decided(draw, 0.4, 0.4, again=again)) for run in range(RUNS)
    )
    assert binomtest(found, RUNS, 0.05, alternative="greater").pvalue > 0.01


def test_what_is_upside_down_fails_by_people_too(tmp_path: Path) -> None:
    draw = np.random.default_rng(2026)
    assert all(failed(tmp_path / str(run), decided(draw, 0.1, 0.7, again=0)) for run in range(5))
