"""Parity in the sense of Aequitas: a ratio to the reference from τ to 1/τ, and its roll-ups.

Source: Aequitas, `fairness.py`; Saleiro et al., "Aequitas: a bias and fairness audit toolkit"
(2018). Ratios are compared with τ exactly, as fractions.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pyarrow as pa

from fairness_audit.policy.metrics import (
    BASE_RATE,
    FALSE_DISCOVERY_RATE,
    FALSE_NEGATIVE_RATE,
    FALSE_OMISSION_RATE,
    FALSE_POSITIVE_RATE,
    NEGATIVE_PREDICTIVE_VALUE,
    POSITIVE_PREDICTIVE_VALUE,
    RATIO,
    SELECTION_RATE,
    SHARE,
    TRUE_NEGATIVE_RATE,
    TRUE_POSITIVE_RATE,
    Direction,
    Metric,
    Needs,
    Range,
)
from fairness_audit.statistics.proportions import Floats, quotient
from fairness_audit.steps.measure.counting.groups import Groups
from fairness_audit.steps.measure.counting.plan import Plan
from fairness_audit.steps.measure.figures.estimates import NO_INTERVAL, Estimates
from fairness_audit.steps.measure.figures.pairs import Pairs, Side, with_reference, with_rest
from fairness_audit.steps.measure.figures.table import measurements_table

_DECISION = (Needs.SELECTED,)
_AEQUITAS = "Aequitas"
_YES_OR_NO = Range(0.0, 1.0, no_disparity=1.0)

SHARE_OF_SELECTED = Metric(
    name="share_of_selected",
    code="PPR",
    meaning="the group's share of all selected (depends on its size)",
    source=_AEQUITAS,
    needs=_DECISION,
    range=SHARE,
    direction=Direction.NEITHER,
)
SHARE_OF_SELECTED_RATIO = Metric(
    name="share_of_selected_ratio",
    meaning="its ratio to the reference",
    source=_AEQUITAS,
    needs=_DECISION,
    range=RATIO,
    direction=Direction.NEITHER,
)


def _parity(metric: Metric, called: str) -> Metric:
    return Metric(
        name=f"{metric.name}_parity",
        meaning=f"1 if τ <= ratio of the {called} <= 1/τ, else 0",
        source=_AEQUITAS,
        needs=metric.needs,
        range=_YES_OR_NO,
        direction=Direction.NEITHER,
    )


_RATED = (
    SELECTION_RATE,
    BASE_RATE,
    FALSE_DISCOVERY_RATE,
    FALSE_POSITIVE_RATE,
    FALSE_OMISSION_RATE,
    FALSE_NEGATIVE_RATE,
    TRUE_POSITIVE_RATE,
    TRUE_NEGATIVE_RATE,
    POSITIVE_PREDICTIVE_VALUE,
    NEGATIVE_PREDICTIVE_VALUE,
)
RATE_PARITIES = {rate.name: _parity(rate, rate.phrase.called) for rate in _RATED} | {
    SHARE_OF_SELECTED.name: _parity(SHARE_OF_SELECTED, "shares of the selected")
}


@dataclass(frozen=True, kw_only=True)
class RollUp(Metric):
    """Parity of several metrics at once."""

    parts: tuple[Metric, ...]


def _roll_up(name: str, *parts: Metric, if_: str) -> RollUp:
    return RollUp(
        name=name,
        meaning=f"1 if {if_}, else 0",
        source=_AEQUITAS,
        needs=parts[0].needs,
        range=_YES_OR_NO,
        direction=Direction.NEITHER,
        parts=parts,
    )


ROLL_UPS = (
    _roll_up(
        "type_i_parity",
        FALSE_DISCOVERY_RATE,
        FALSE_POSITIVE_RATE,
        if_="false discovery and false positive rates are at parity",
    ),
    _roll_up(
        "type_ii_parity",
        FALSE_OMISSION_RATE,
        FALSE_NEGATIVE_RATE,
        if_="false omission and false negative rates are at parity",
    ),
    _roll_up(
        "equalized_odds_parity",
        FALSE_POSITIVE_RATE,
        TRUE_POSITIVE_RATE,
        if_="false and true positive rates are at parity",
    ),
    _roll_up(
        "unsupervised_fairness",
        SHARE_OF_SELECTED,
        SELECTION_RATE,
        if_="shares of the selected and selection rates are at parity",
    ),
    _roll_up(
        "supervised_fairness",
        FALSE_DISCOVERY_RATE,
        FALSE_POSITIVE_RATE,
        FALSE_OMISSION_RATE,
        FALSE_NEGATIVE_RATE,
        if_="Type I and Type II parity hold",
    ),
)
DEFINITIONS = (SHARE_OF_SELECTED, SHARE_OF_SELECTED_RATIO, *RATE_PARITIES.values(), *ROLL_UPS)


def parity_tables(by_group: Sequence[Groups], plan: Plan) -> Iterator[pa.Table]:
    """Share of the selected, and parity of every rate, of every known group."""
    if not plan.has(Needs.SELECTED):
        return
    for groups in by_group:
        known = groups.counts.take(groups.known).selected
        total = np.full(known.shape, groups.overall.selected[0] if len(known) else 0.0)
        names = [groups.names[i] for i in groups.known]
        yield measurements_table(
            _plain(quotient(known, total)),
            metric=SHARE_OF_SELECTED.name,
            code=SHARE_OF_SELECTED.code,
            attribute=groups.attribute,
            group=names,
            numerator=known,
            denominator=total,
            n=groups.rows[groups.known],
        )
    pairs = [
        each
        for groups in by_group
        for each in (with_reference(groups) if groups.reference else with_rest(groups))
        if each.names
    ]
    if pairs:
        yield from _parities(pairs, plan)


def _parities(pairs: Sequence[Pairs], plan: Plan) -> Iterator[pa.Table]:
    d = Side.joined([each.group for each in pairs]).counts
    a = Side.joined([each.reference for each in pairs]).counts
    labels = {
        "attribute": [each.attribute for each in pairs for _ in each.names],
        "group": [name for each in pairs for name in each.names],
        "reference": [name for each in pairs for name in each.references],
        "n": np.concatenate([each.group.rows for each in pairs]),
    }
    one = np.ones_like(d.selected)
    fractions = {
        rate.name: (rate.numerator(d), rate.denominator(d), rate.numerator(a), rate.denominator(a))
        for rate in _RATED
        if plan.has(*rate.needs)
    } | {SHARE_OF_SELECTED.name: (d.selected, one, a.selected, one)}
    share = quotient(d.selected, a.selected)
    yield measurements_table(_plain(share), metric=SHARE_OF_SELECTED_RATIO.name, **labels)
    at_parity = {name: _at_parity(plan.tau, *each) for name, each in fractions.items()}
    for name, parity in at_parity.items():
        yield measurements_table(_plain(parity), metric=RATE_PARITIES[name].name, **labels)
    for roll_up in ROLL_UPS:
        if plan.has(*roll_up.needs):
            together = _all([at_parity[part.name] for part in roll_up.parts])
            yield measurements_table(_plain(together), metric=roll_up.name, **labels)


def _at_parity(tau: Fraction, top: Floats, of: Floats, other: Floats, other_of: Floats) -> Floats:
    """1 where τ <= ratio <= 1/τ, 0 where not, NaN where a rate or the ratio is undefined."""
    ratio = quotient(quotient(top, of), quotient(other, other_of))
    with np.errstate(invalid="ignore"):
        found = np.where((ratio >= float(tau)) & (ratio <= float(1 / tau)), 1.0, 0.0)
        close = np.isclose(ratio, float(tau)) | np.isclose(ratio, float(1 / tau))
    for i in np.flatnonzero(close):  # where rounding could decide, whole numbers do
        exact = Fraction(float(top[i])) * Fraction(float(other_of[i]))
        exact /= Fraction(float(of[i])) * Fraction(float(other[i]))
        found[i] = tau <= exact <= 1 / tau
    return np.where(np.isnan(ratio), np.nan, found)


def _all(parts: Sequence[Floats]) -> Floats:
    """0 where a part is 0, else NaN where one is undefined, else 1."""
    columns = np.stack(parts)
    undefined = np.isnan(columns).any(axis=0)
    found: Floats = np.where((columns == 0).any(axis=0), 0.0, np.where(undefined, np.nan, 1.0))
    return found


def _plain(value: Floats) -> Estimates:
    """Values without interval or test."""
    nothing = np.full(value.shape, np.nan)
    return Estimates(value, nothing, nothing, nothing, np.full(value.shape, NO_INTERVAL, object))
