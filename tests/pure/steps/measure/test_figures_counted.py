"""What is estimated of each group in each week, by hand; and that nothing else moves it."""

import math
import random
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from fairness_audit.errors import MeasurementError
from fairness_audit.policy.gaps import GAPS, Figure
from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.evidence import Evidence, UnitFigures
from fairness_audit.steps.measure.counting.evidence import evidence_of
from fairness_audit.steps.measure.counting.scan import group_counts
from tests.builders.dated import Decided, after, dated_population
from tests.builders.populations import SQL, policy_over

WEEKS = after(0), after(14)


def a_policy(*metrics: str, **changes: Any) -> AuditPolicy:
    gaps = [
        {"id": f"gap_{at}", "metric": metric, "threshold": "1/10"}
        for at, metric in enumerate(metrics)
    ]
    return policy_over({"gender": "M"}, gaps=gaps, **changes)


ALL = a_policy(*(gap.name for gap in GAPS if gap.figure is not None))


def decided(day: float, group: str, *, outcome: bool | None = None, **more: float) -> Decided:
    return Decided(after(day), f"s{day}{group}", True, outcome, {"gender": group}, more)


def figures(
    folder: Path,
    decisions: list[Decided],
    *,
    policy: AuditPolicy = ALL,
    window: tuple[datetime, datetime] = WEEKS,
) -> dict[str, dict[Figure, UnitFigures]]:
    given = dated_population(folder, policy, decisions, window)
    group_counts(given.path, sql=SQL, folder=folder)
    found = evidence_of(policy, given, window, sql=SQL, folder=folder, counts_from=None)
    assert Evidence.read(found.content) == found
    (gender,) = (each for each in found.groupings if each.grouping == "gender")
    return {each.group: each.figures for each in gender.groups}


def test_means_by_hand(tmp_path: Path) -> None:
    """Of scores .2, .4, .9 (variance .13), values 1, 2, 3 and ranks 1, 3, 7."""
    each = [
        decided(day, "F", outcome=outcome, score=score, value=value, rank=rank)
        for day, outcome, score, value, rank in [
            (0.5, True, 0.2, 1.0, 1),
            (1.5, False, 0.4, 2.0, 3),
            (6.9, None, 0.9, 3.0, 7),
        ]
    ]
    found = figures(tmp_path, [*each, decided(8, "M", score=0.5, value=4.0, rank=1)])["F"]
    by_hand = {
        Figure.SCORE: (0.5, 0.13 / 3, 3),
        Figure.EXCESS: (-0.2, 0.72 / 2, 2),  # .2 - 1 and .4 - 0
        Figure.VALUE: (2.0, 1 / 3, 3),
        Figure.RESIDUAL: (1.5, (0.7**2 + 0.1**2 + 0.6**2) / 2 / 3, 3),  # .8, 1.6, 2.1
        Figure.EXPOSURE: ((1 + 1 / 2 + 1 / 3) / 3, 13 / 108 / 3, 3),
    }
    for figure, (value, variance, size) in by_hand.items():
        told = found[figure]
        assert told.value[0] == pytest.approx(value), figure
        assert told.variance[0] == pytest.approx(variance), figure
        assert told.size[0] == size, figure
        assert (told.value[1], told.variance[1], told.size[1]) == (None, None, 0), figure


def test_an_area_by_hand(tmp_path: Path) -> None:
    """Of the pairs (.6, .1), (.6, .6), (.8, .1), (.8, .6) one is a tie: (3 + 1/2) / 4."""
    each = [
        decided(day, "F", outcome=outcome, score=score, value=0.0, rank=1)
        for day, outcome, score in [
            (0, True, 0.6),
            (1, True, 0.8),
            (2, False, 0.1),
            (3, False, 0.6),
        ]
    ]
    area = figures(tmp_path, each)["F"][Figure.AREA]
    assert area.value[0] == pytest.approx(7 / 8)
    # Placements of the positives are 3/4 and 1, of the negatives 1 and 3/4: DeLong's variances.
    assert area.variance[0] == pytest.approx(1 / 32 / 2 + 1 / 32 / 2)
    assert area.size[0] == pytest.approx(1)


def test_one_outcome_has_no_area_and_one_row_no_variance(tmp_path: Path) -> None:
    found = figures(tmp_path, [decided(0, "F", outcome=True, score=0.4, value=1.0, rank=2)])["F"]
    assert (found[Figure.AREA].value[0], found[Figure.AREA].size[0]) == (None, 0)
    assert found[Figure.SCORE] == UnitFigures(
        value=(0.4, None), variance=(None, None), size=(1.0, 0.0)
    )


def test_what_is_no_number_is_left_out(tmp_path: Path) -> None:
    each = [
        decided(day, "F", outcome=True, score=score, value=math.inf, rank=1)
        for day, score in ((0, 0.25), (1, math.nan), (2, math.inf), (3, 0.75))
    ]
    found = figures(tmp_path, each)["F"]
    assert (found[Figure.SCORE].value[0], found[Figure.SCORE].size[0]) == (0.5, 2)
    assert (found[Figure.VALUE].value[0], found[Figure.VALUE].size[0]) == (None, 0)


def test_neither_order_nor_window_moves_a_bit(tmp_path: Path) -> None:
    draw = random.Random(2)
    each = [
        decided(
            draw.uniform(0, 14),
            draw.choice("FM"),
            outcome=draw.choice([True, False, None]),
            score=draw.random(),
            value=draw.gauss(0, 1e6),
            rank=draw.randint(1, 50),
        )
        for _ in range(300)
    ]
    told = figures(tmp_path / "a", each)
    shuffled = draw.sample(each, len(each))
    assert figures(tmp_path / "b", shuffled) == told
    later = figures(tmp_path / "c", shuffled, window=(after(7), after(14)))
    for group, by_figure in later.items():
        for figure, told_later in by_figure.items():
            both = told[group][figure]
            assert (told_later.value[0], told_later.variance[0]) == (
                both.value[1],
                both.variance[1],
            )


def test_nothing_is_estimated_that_no_rule_asks_for(tmp_path: Path) -> None:
    each = [decided(0, "F", score=0.5, rank=1)]
    found = figures(tmp_path, each, policy=a_policy("exposure_ratio"))
    assert list(found["F"]) == [Figure.EXPOSURE]
    assert figures(tmp_path, [decided(0, "F", score=0.5)], policy=a_policy())["F"] == {}


def test_a_column_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(MeasurementError, match=r"no column rank, .* sql/population/lead_scoring"):
        figures(tmp_path, [decided(0, "F", score=0.5)], policy=a_policy("exposure_ratio"))
