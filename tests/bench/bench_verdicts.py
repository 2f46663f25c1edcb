"""What running verdicts reach, at full size, as tables.

Run by hand (``pytest -s tests/bench/bench_verdicts.py``). A share of 10,000 lives is known to
± 0.4 points at 5 %, of 1,000 to ± 3 at 50 %. Times are units until 50 / 80 / 90 % of lives have
the verdict; ``-`` is later than was simulated. m counts hypotheses: two for each pair.
"""

import time
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

from fairness_audit.statistics.course import Event, State, course
from fairness_audit.statistics.gap_drift import gap_drift
from fairness_audit.statistics.running_interval import running_interval
from fairness_audit.statistics.sequential import Limit, Pair, TwoRates
from tests.bench.pages import show
from tests.builders.clustered import Cell, following_weeks, panel, same_week
from tests.builders.estimated import Asked, area_gaps, exposure_gaps, rate_gaps, value_gaps
from tests.builders.lives import (
    CHUNK,
    FOUR_FIFTHS,
    ONE_SIDED,
    TEN_POINTS,
    Family,
    Lives,
    Sizes,
    family,
    live,
    share,
    two_rates,
)
from tests.builders.wandering import wandering_groups

pytestmark = pytest.mark.timeout(3600)

LIVES = 10_000
YEAR = 52
HALVES, SMALL_GROUP = Sizes(500, 500), Sizes(60, 940)
POSITIVES = Sizes(60, 60)


def say(head: str) -> None:
    print(f"\n{head}")


# --- A, C ----------------------------------------------------------------------------------------


def moving(rising: bool) -> Family:
    """The base rate rises from .2 to .6 while the group's share falls from a half to a tenth, or
    rises; each week is exactly at four fifths."""
    rate = np.linspace(0.2, 0.6, 156)
    n = np.round(1000 * np.linspace(0.1 if rising else 0.5, 0.5 if rising else 0.1, 156))

    def drawn(random: np.random.Generator, runs: int) -> list[TwoRates]:
        rates = (0.8 * rate, rate)
        return [two_rates(random, runs, 156, (n, 1000 - n), rates, ONE_SIDED, expected=0.3)]

    return drawn


def alike(pairs: int, units: int, ratio: float) -> Family:
    """All pairs have this ratio."""

    def drawn(random: np.random.Generator, runs: int) -> list[TwoRates]:
        return [two_rates(random, runs, units, HALVES, (0.4 * ratio, 0.4)) for _ in range(pairs)]

    return drawn


def one(units: int, sizes: Sizes, rate: float, disparity: float, limit: Limit) -> Family:
    return family(units, sizes, rate, disparity, 1, limit)


ERRORS: dict[str, tuple[Family, int, int, bool, bool]] = {
    # name: lives, how many, units a year, is a fail false, is a pass
    "ratio .8, 500+500 weekly": (one(156, HALVES, 0.4, 0.8, ONE_SIDED), LIVES, 52, True, True),
    "the same, two-sided": (one(156, HALVES, 0.4, 0.8, FOUR_FIFTHS), LIVES, 52, True, True),
    "ratio 5/4, two-sided": (one(156, HALVES, 0.4, 1.25, FOUR_FIFTHS), LIVES, 52, True, True),
    "ratio .8 beside 5 fair pairs": (family(156, HALVES, 0.4, 0.8, 6), LIVES, 52, True, True),
    "ratio .8, 38+38 weekly": (
        one(156, Sizes(38, 38), 0.4, 0.8, ONE_SIDED), LIVES, 52, True, True,
    ),
    "ratio .8, 3+50 weekly, rate .12": (
        one(156, Sizes(3, 50), 0.12, 0.8, ONE_SIDED), LIVES, 52, True, True,
    ),
    "difference .1, 3+20 positives": (
        one(156, Sizes(3, 20), 0.6, -0.1, Limit("difference", low=-0.1)), LIVES, 52, True, True,
    ),
    "ratio .8, rate and share move": (moving(rising=False), LIVES, 52, True, True),
    "the same, mirrored": (moving(rising=True), LIVES, 52, True, True),
    "share at .8 of the stated, 100 weekly": (share(156, 100, 0.25, 0.8), LIVES, 52, True, True),
    "12 pairs all at .8, quarterly": (alike(12, 12, 0.8), LIVES, 4, True, False),
    "12 pairs all at .9, weekly": (alike(12, 52, 0.9), 2_000, 52, True, False),
    "ratio .85": (one(156, HALVES, 0.4, 0.85, ONE_SIDED), LIVES, 52, True, False),
    "ratio 1": (one(156, HALVES, 0.4, 1.0, ONE_SIDED), LIVES, 52, True, False),
    "ratio .79": (one(156, HALVES, 0.4, 0.79, ONE_SIDED), LIVES, 52, False, True),
    "ratio .75": (one(156, HALVES, 0.4, 0.75, ONE_SIDED), LIVES, 52, False, True),
}  # fmt: skip


def test_errors() -> None:
    lines = []
    for name, (drawn, lives, year, compliant, unfair) in ERRORS.items():
        found = live(drawn, lives, year)
        fails = found.false_fails(year), found.false_fails()
        passes = found.false_passes(year), found.false_passes()
        failed = f"{fails[0]:.2%}, {fails[1]:.2%}" if compliant else ""
        passed = f"{passes[0]:.2%}, {passes[1]:.2%}" if unfair else ""
        lines.append((name, failed, passed))
        print(" | ".join(lines[-1]), flush=True)
        if compliant:
            assert fails[0] <= 0.05
            assert fails[1] <= 0.15
        if unfair:
            assert passes[1] <= 0.05
    show(
        "errors", ("one pair, unless stated", "fails in 1, 3 years", "passes in 1, 3 years"), lines
    )


def test_versions() -> None:
    """A model with a new version every fortnight, all of whose pairs have ratios of .9."""
    found = live(alike(12, 2, 0.9), 26 * 400, 52)
    false = found.failed.any(axis=(1, 2)).reshape(400, 26).any(axis=1).mean()
    say(f"26 versions a year, 12 pairs at .9: any false fail in {false:.2%} of 400 years")
    assert false <= 0.05


# --- D -------------------------------------------------------------------------------------------


def times(found: Lives, state: State, since: int = 0) -> str:
    return " / ".join(
        str(found.decided(state, each, since) or "-").rjust(3) for each in (0.5, 0.8, 0.9)
    )


def decisions(
    title: str, sizes: Sizes, rate: float, limit: Limit, passing: dict[float, int],
    failing: dict[float, int], year: int,
) -> None:  # fmt: skip
    """Until the verdict, two-sided; each disparity with how many units are simulated."""
    say(f"{title}: units until a verdict, 50 / 80 / 90 %")
    for disparity, units in passing.items():
        found = live(family(units, sizes, rate, disparity, 1, limit), 4_000, year)
        print(
            f"{disparity:>8} pass {times(found, State.PASS)}"
            f"   within 2: {found.decided_within(State.PASS, 2):.3f}"
        )
    for disparity, units in failing.items():
        for pairs in (1, 6, 12):
            found = live(family(units, sizes, rate, disparity, pairs, limit), 1_000, year)
            print(
                f"{disparity:>8} fail m{2 * pairs:<3} {times(found, State.FAIL)}"
                f"   within 3: {found.decided_within(State.FAIL, 3):.3f}"
            )


def test_decision_times() -> None:
    decisions(
        "1,000 leads a quarter in two halves, rate .4", HALVES, 0.4, FOUR_FIFTHS,
        {1.0: 6, 0.95: 8, 0.9: 16, 0.85: 40}, {0.75: 40, 0.7: 24, 0.6: 10}, 4,
    )  # fmt: skip
    decisions("the same, rate .2", HALVES, 0.2, FOUR_FIFTHS, {1.0: 12, 0.9: 24}, {0.6: 16}, 4)
    decisions("the same, rate .12", HALVES, 0.12, FOUR_FIFTHS, {1.0: 16, 0.9: 40}, {0.6: 24}, 4)
    decisions(
        "a group of 6 %, rate .4", SMALL_GROUP, 0.4, FOUR_FIFTHS,
        {1.0: 16, 0.95: 24, 0.9: 40}, {0.7: 60, 0.6: 24}, 4,
    )  # fmt: skip
    decisions(
        "120 conversions a quarter in two halves, TPR .6, limit 1/10", POSITIVES, 0.6, TEN_POINTS,
        {0.0: 20, -0.05: 60}, {-0.2: 40, -0.3: 12}, 4,
    )  # fmt: skip
    decisions(
        "38+38 a week, rate .4", Sizes(38, 38), 0.4, FOUR_FIFTHS,
        {1.0: 40, 0.9: 104}, {0.7: 156, 0.6: 60}, 52,
    )  # fmt: skip


PROMISED: list[tuple[str, Sizes, float, Limit, float, int, State, int, float]] = [
    # what, sizes, rate, limit, disparity, pairs, verdict, within so many quarters, in so many
    ("fair, rate .4", HALVES, 0.4, FOUR_FIFTHS, 1.0, 1, State.PASS, 2, 0.8),
    ("fair, rate .2", HALVES, 0.2, FOUR_FIFTHS, 1.0, 1, State.PASS, 5, 0.8),
    ("fair, rate .12", HALVES, 0.12, FOUR_FIFTHS, 1.0, 1, State.PASS, 9, 0.8),
    ("fair, 6 %", SMALL_GROUP, 0.4, FOUR_FIFTHS, 1.0, 1, State.PASS, 8, 0.8),
    ("fair TPR", POSITIVES, 0.6, TEN_POINTS, 0.0, 1, State.PASS, 11, 0.8),
    (".6, rate .4, m24", HALVES, 0.4, FOUR_FIFTHS, 0.6, 12, State.FAIL, 3, 0.85),
    (".6, rate .4, m12", HALVES, 0.4, FOUR_FIFTHS, 0.6, 6, State.FAIL, 3, 0.9),
    (".6, rate .2, m24", HALVES, 0.2, FOUR_FIFTHS, 0.6, 12, State.FAIL, 7, 0.8),
    (".6, rate .12, m24", HALVES, 0.12, FOUR_FIFTHS, 0.6, 12, State.FAIL, 11, 0.8),
    (".6, 6 %, m24", SMALL_GROUP, 0.4, FOUR_FIFTHS, 0.6, 12, State.FAIL, 13, 0.8),
    ("30 points of TPR, m24", POSITIVES, 0.6, TEN_POINTS, -0.3, 12, State.FAIL, 5, 0.8),
]


def test_promised_times() -> None:
    say("promised: this share of lives has the verdict within so many quarters")
    for what, sizes, rate, limit, disparity, pairs, verdict, quarters, least in PROMISED:
        lives = LIVES if pairs == 1 else 4_000
        found = live(family(quarters, sizes, rate, disparity, pairs, limit), lives, 4)
        reached = found.decided_within(verdict, quarters)
        print(f"{what:>24} {verdict.name:>5} within {quarters:>2}: {reached:.3f} (>= {least})")
        assert reached >= least


def test_changes() -> None:
    say("after good weeks: weeks until a change is found, 50 / 80 / 90 %, and within so many")
    for at in (26, 32):
        for pairs in (6, 12):
            for sizes, ratio in (
                (HALVES, 0.6), (HALVES, 0.7), (HALVES, 0.75), (Sizes(150, 150), 0.6),
                (Sizes(38, 38), 0.6), (SMALL_GROUP, 0.6),
            ):  # fmt: skip
                disparity = np.where(np.arange(at + 60) < at, 1.0, ratio)
                found = live(family(at + 60, sizes, 0.4, disparity, pairs), 1_000, 52)
                within = [found.decided_within(State.FAIL, each, at) for each in (6, 12, 16, 26)]
                print(
                    f"{sizes.group:>4}+{sizes.reference:<4} 1 -> {ratio:<5} in week {at}"
                    f" m{2 * pairs:<3} {times(found, State.FAIL, at)}   6: {within[0]:.3f}"
                    f" 12: {within[1]:.3f} 16: {within[2]:.3f} 26: {within[3]:.3f}"
                )
                assert found.false_fails(at) <= 0.05
                if sizes is HALVES and ratio == 0.6:
                    assert within[0] >= 0.9
                if sizes is HALVES and ratio == 0.7:
                    assert within[2] >= 0.8
                if sizes == Sizes(150, 150):
                    assert within[1] >= 0.8


# --- G -------------------------------------------------------------------------------------------


Drawn = Callable[[np.random.Generator, int, float, float, bool], Cell]
DESIGNS: dict[str, tuple[Drawn, int]] = {
    "same week, 125 persons, 4 each": (
        lambda random, runs, rate, icc, small: same_week(random, runs, 52, 125, 4, rate, icc), 52),
    "same week, 3 persons beside 25": (
        lambda random, runs, rate, icc, small: same_week(
            random, runs, 52, 3 if small else 25, 4, rate, icc), 52),
    "four following weeks, 125 new a week": (
        lambda random, runs, rate, icc, small: following_weeks(
            random, runs, 52, 125, 4, rate, icc), 52),
    "four following weeks, 3 beside 25": (
        lambda random, runs, rate, icc, small: following_weeks(
            random, runs, 52, 3 if small else 25, 4, rate, icc), 52),
    "panel of 500, 26 weeks": (
        lambda random, runs, rate, icc, small: panel(random, runs, 26, 500, rate, icc), 26),
    "panel of 30 beside 200, a year": (
        lambda random, runs, rate, icc, small: panel(
            random, runs, 52, 30 if small else 200, rate, icc), 52),
}  # fmt: skip


def test_persons_over_units() -> None:
    lines, random = [], np.random.default_rng(2)
    for name, (drawn, _) in DESIGNS.items():
        for icc in (0.3, 1.0):
            hits = []
            for _ in range(8):
                own, other = (
                    drawn(random, CHUNK, rate, icc, small)
                    for rate, small in ((0.32, True), (0.4, False))
                )
                pair = TwoRates(ONE_SIDED, own.effective(), other.effective(), 0.4)
                found = course([pair], units_per_year=52)
                hits.append([
                    (found.event == each).any(axis=(1, 2)) for each in (Event.FAILED, Event.PASSED)
                ])  # fmt: skip
            fails, passes = np.concatenate(hits, axis=1).mean(axis=1)
            lines.append((name, f"{icc:g}", f"{fails:.2%}", f"{passes:.2%}"))
            print(" | ".join(lines[-1]), flush=True)
            assert max(fails, passes) <= 0.05
    show("persons", ("decisions about a person", "correlation", "fails", "passes"), lines)


# --- estimates, drift, intervals, speed ----------------------------------------------------------


def test_estimates() -> None:
    say("estimates exactly at the limit, weekly: false fail / pass in a year")
    for group, reference in (((20, 80), (40, 160)), ((8, 30), (40, 160)), ((60, 60), (60, 60))):

        def areas(random: np.random.Generator, runs: int, g=group, r=reference) -> list[Pair]:  # type: ignore[no-untyped-def]
            return [area_gaps(random, runs, 52, g, r, 0.05)(Limit("difference", -0.05))]

        report(f"area gap, {group} beside {reference}", live(areas, 3_000, 52))
    for sizes, rates in (
        ((20, 100), (0.3, 0.4)), ((60, 60), (0.5, 0.6)), ((500, 500), (0.3, 0.4)),
        ((10, 100), (0.5, 0.6)), ((50, 1000), (0.1, 0.2)),
    ):  # fmt: skip

        def gaps(random: np.random.Generator, runs: int, s=sizes, p=rates) -> list[Pair]:  # type: ignore[no-untyped-def]
            return [rate_gaps(random, runs, 52, s, p)(Limit("difference", -0.1))]

        report(f"difference of rates {rates}, {sizes}", live(gaps, LIVES, 52))


def report(name: str, found: Lives) -> None:
    print(f"{name:>48}: {found.false_fails():.2%} / {found.false_passes():.2%}")
    assert max(found.false_fails(), found.false_passes()) <= 0.06


def test_drift_of_the_gap() -> None:
    say("drift of the gap: steady, called changed in a year; changes found within eight audits")
    random = np.random.default_rng(3)
    for rows in (1_000, 3_000):
        for rate in (0.2, 0.4):
            sizes = Sizes(rows, rows)
            for ratio in (1.0, 0.8):
                for adding in (True, False):
                    for memory in (0.0, 0.9):
                        groups = wandering_groups(
                            random, 2_000, 52, sizes, rate, ratio,
                            deviation=0.02 if adding else 0.3, memory=memory, adding=adding,
                        )  # fmt: skip
                        false = gap_drift(*groups, units_per_year=52).found.any(axis=1).mean()
                        how = "adds sd .02" if adding else "multiplies sd .3"
                        print(
                            f"{rows:>5} rows, rate {rate}, ratio {ratio}, wander {how},"
                            f" memory {memory}: {false:.2%}"
                        )
                        assert false <= 0.05
            for before, ratio in ((8, 0.6), (26, 0.8)):
                ratios = np.where(np.arange(before + 8) < before, 1.0, ratio)
                groups = wandering_groups(random, 2_000, before + 8, sizes, rate, ratios)
                found = gap_drift(*groups, units_per_year=52).found[:, before:].any(axis=1).mean()
                print(
                    f"{rows:>5} rows, rate {rate}, 1 -> {ratio} at audit {before + 1}: {found:.2%}"
                )
                assert found >= 0.9


def test_intervals() -> None:
    lines, random = [], np.random.default_rng(4)
    for ratio in (0.6, 0.8, 0.9, 1.0):
        missed, lives = np.zeros(2), 400
        for _ in range(lives):
            pair = two_rates(random, 1, 26, Sizes(100, 100), (0.4 * ratio, 0.4))
            found = course([pair], units_per_year=52)
            each = [
                running_interval(pair, found, 0, units_per_year=52, unit=unit)
                for unit in range(0, 26, 3)
            ]
            missed += any(x.low > ratio for x in each), any(x.high < ratio for x in each)
        lines.append((f"{ratio:g}", *(f"{each / lives:.2%}" for each in missed)))
        print(" | ".join(lines[-1]), flush=True)
        assert max(missed) / lives <= 0.05 + 0.02
    show("intervals", ("true ratio", "low end ever above it", "high end ever below it"), lines)


def test_speed() -> None:
    random = np.random.default_rng(5)
    drawn = family(156, HALVES, 0.4, 0.7, 12)(random, 100)
    begun = time.process_time()
    course(drawn, units_per_year=52)
    plan = 20 * (time.process_time() - begun)
    audit = family(156, HALVES, 0.4, 0.9, 50)(random, 1)
    begun = time.process_time()
    found = course(audit, units_per_year=52)
    once = time.process_time() - begun
    begun = time.process_time()
    running_interval(audit[0], found, 0, units_per_year=52)
    interval = time.process_time() - begun
    say(
        f"2,000 futures of 24 hypotheses x 156 weeks: {plan:.1f} s of CPU;"
        f" one audit of 50 pairs: {once:.3f} s; an interval: {interval:.4f} s"
    )
    assert once < 0.5


# --- I -------------------------------------------------------------------------------------------


def test_gaps() -> None:
    """Estimates exactly at their limit: how often a year holds a warning, and a life a pass."""
    lines = []
    for rows in (10, 40, 160):
        for name, drawn, bound in (
            ("area under the curve", partial(_areas, rows=rows), 0.1),
            ("exposure ratio", partial(exposure_gaps, units=YEAR, rows=rows), np.log(5 / 4)),
            ("mean of skewed values", partial(value_gaps, units=YEAR, rows=rows), 0.5),
        ):
            limit = Limit("difference", -bound, bound)
            random, lives = np.random.default_rng(rows), 2_000
            chunks = [
                course([drawn(random, CHUNK)(limit)], units_per_year=YEAR).state[:, :, 0]
                for _ in range(lives // CHUNK)
            ]
            states = np.concatenate(chunks)
            told = ((states == each).any(axis=1).mean() for each in (State.FAIL, State.PASS))
            lines.append((name, f"{rows}", *(f"{100 * share:.1f} %" for share in told)))
            print(" | ".join(lines[-1]), flush=True)
    show("gaps", ("gap", "of each group a week", "warns falsely", "passes falsely"), lines)


def _areas(random: np.random.Generator, runs: int, *, rows: int) -> Asked:
    """Of each outcome half of the rows."""
    return area_gaps(random, runs, YEAR, (rows // 2, rows // 2), (rows // 2, rows // 2), 0.1)
