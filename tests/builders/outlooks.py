"""Claims of when a verdict will be reached, and how often they come true.

What comes true is drawn and judged apart from what claims: group by group at random instead of at
even sizes, in a family whose other pairs are drawn too, and by the arithmetic of every run instead
of tables.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from fairness_audit.policy.model import AuditPolicy
from fairness_audit.statistics.course import State, course
from fairness_audit.statistics.outlook import Outlook, rates_with
from fairness_audit.statistics.proportions import Proportions
from fairness_audit.statistics.sequential import Aim, Limit, TwoRates
from fairness_audit.steps.judge.cases import Case, parts_of
from fairness_audit.steps.judge.family import positions
from fairness_audit.steps.judge.outlook import Family, outlook
from fairness_audit.steps.judge.pairs import pairs_of
from fairness_audit.steps.judge.plan import before_any
from fairness_audit.steps.judge.sizes import stated
from fairness_audit.steps.judge.tables import Tables
from tests.builders.evidence import evidence_by_week
from tests.builders.judging import a_rule, gender_policy, share

PASSING = (1.0, 0.95, 0.9, 0.87)
FAILING = (0.72, 0.7, 0.6, 0.5)
SHARES = (0.5, 0.06)
RATES = (0.05, 0.2, 0.4, 0.6)
OTHERS = 5
"""Fair pairs that are judged together with the one that is claimed about."""
ALPHA = 0.05


class Claim(NamedTuple):
    """What is claimed of one truth at which sizes; ``weeks`` were counted before."""

    disparity: float
    share: float
    rate: float
    per_week: int
    weeks: int = 0

    @property
    def aim(self) -> Aim:
        return Aim.PASS if self.disparity >= 0.8 else Aim.FAIL


def claims(weeks: int = 0) -> Iterator[Claim]:
    """All of the grid, at sizes that settle most of it within three years."""
    for part in SHARES:
        for rate in RATES:
            per_week = round(40 / rate / min(part, 0.2))
            for disparity in (*PASSING, *FAILING):
                yield Claim(disparity, part, rate, per_week, weeks)


def claimed_and_true(claim: Claim, runs: int) -> tuple[Outlook, float]:
    """What is claimed, and the share of so many lives in which it comes true."""
    policy = gender_policy(a_rule(), min_group_size=1)
    past = _draw(np.random.default_rng(5), claim, 1, claim.weeks)
    found = _claimed(policy, claim, past)
    if found.unit is None:
        return found, 0.0
    batches = [min(250, runs - start) for start in range(0, runs, 250)]
    chance = np.random.default_rng(77)
    true = [_comes_true(chance, claim, found.unit, past, each) for each in batches]
    return found, float(np.concatenate(true).mean())


def _claimed(policy: AuditPolicy, claim: Claim, past: "Pair") -> Outlook:
    sizes = stated(
        claim.per_week,
        shares={"gender": {"F": claim.share, "M": 1 - claim.share}},
        selection_rate=claim.rate,
    )
    weeks = [
        {"F": share(int(k), int(n)), "M": share(int(other), int(m))}
        for k, n, other, m in zip(*(column[0] for column in (*past.own, *past.other)), strict=True)
    ]
    evidence = evidence_by_week(policy, weeks) if weeks else before_any(policy, sizes)
    tables = Tables(policy, evidence)
    case: Case = next(iter(parts_of(policy, policy.rules, evidence))).cases[0]
    standing = positions(
        {case: pairs_of(tables, case), **{i: [_fair(past)] for i in range(OTHERS)}},
        evidence.starts,
        unit="week",
        alpha=ALPHA,
        failed={},
        set_aside={},
    )
    family = Family.of(ALPHA, 2 * (1 + OTHERS), standing.values())
    return outlook(
        tables, sizes, case, standing[case], family, disparity=claim.disparity, aim=claim.aim
    )


class Pair(NamedTuple):
    """Counts of the group and its reference, and of others that are treated alike."""

    own: Proportions
    other: Proportions
    others: tuple[tuple[Proportions, Proportions], ...]


def _draw(chance: np.random.Generator, claim: Claim, runs: int, weeks: int) -> Pair:
    n, m = claim.share * claim.per_week, (1 - claim.share) * claim.per_week
    rates = rates_with(claim.disparity, "ratio", n, m, claim.rate)
    assert rates is not None

    def groups(own: float, other: float) -> tuple[Proportions, Proportions]:
        trials = chance.binomial(claim.per_week, claim.share, (runs, weeks))
        rest = claim.per_week - trials
        drawn = (chance.binomial(trials, own), trials, chance.binomial(rest, other), rest)
        k, n, r, m = (np.asarray(column, dtype=np.float64) for column in drawn)
        return Proportions(k, n), Proportions(r, m)

    fair = tuple(groups(claim.rate, claim.rate) for _ in range(OTHERS))
    return Pair(*groups(*rates), fair)


def _fair(past: Pair) -> TwoRates:
    return TwoRates(LIMIT, *past.others[0])


LIMIT = Limit("ratio", 0.8, 1.25)


def _comes_true(
    chance: np.random.Generator, claim: Claim, unit: int, past: Pair, runs: int
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    ahead = _draw(chance, claim, runs, unit)

    def after(before: Proportions, then: Proportions) -> Proportions:
        return Proportions(
            *(
                np.concatenate([np.repeat(old, runs, axis=0), new], axis=1)
                for old, new in zip(before, then, strict=True)
            )
        )

    pairs = [TwoRates(LIMIT, after(past.own, ahead.own), after(past.other, ahead.other))]
    pairs += [
        TwoRates(LIMIT, after(before[0], then[0]), after(before[1], then[1]))
        for before, then in zip(past.others, ahead.others, strict=True)
    ]
    state = course(pairs, units_per_year=52, alpha=ALPHA).state[:, -1, 0]
    return state == (State.PASS if claim.aim is Aim.PASS else State.FAIL)
