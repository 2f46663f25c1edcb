"""Parity in the sense of Aequitas: a ratio to the reference from τ to 1/τ, and its roll-ups.

Source: Aequitas, `fairness.py`; Saleiro et al., "Aequitas: a bias and fairness audit toolkit"
(2018). Ratios are compared with τ exactly, as fractions.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np
import pyarrow as pa

from fairness_audit.statistics.proportions import Floats, quotient
from fairness_audit.steps.measure.counting.groups import Groups
from fairness_audit.steps.measure.counting.plan import Plan
from fairness_audit.steps.measure.definition import Definition, Needs
from fairness_audit.steps.measure.figures.estimates import NO_INTERVAL, Estimates
from fairness_audit.steps.measure.figures.pairs import Pairs, Side, with_reference, with_rest
from fairness_audit.steps.measure.figures.table import measurements_table
from fairness_audit.steps.measure.rates import rates

_DECISION = (Needs.SELECTED,)
_BOTH = (Needs.OUTCOME, Needs.SELECTED)
_AEQUITAS = "Aequitas"

SHARE_OF_SELECTED = Definition(
    "share_of_selected", "PPR", "the group's share of all selected (depends on its size)",
    _AEQUITAS, _DECISION,
)  # fmt: skip
SHARE_OF_SELECTED_RATIO = Definition(
    "share_of_selected_ratio", None, "its ratio to the reference", _AEQUITAS, _DECISION,
    0.0, None, 1.0,
)  # fmt: skip


def _parity(name: str, meaning: str, needs: tuple[Needs, ...]) -> Definition:
    return Definition(name, None, f"1 if {meaning}, else 0", _AEQUITAS, needs, 0.0, 1.0, 1.0)


_RATED = (
    rates.SELECTION_RATE, rates.BASE_RATE, rates.FALSE_DISCOVERY_RATE, rates.FALSE_POSITIVE_RATE,
    rates.FALSE_OMISSION_RATE, rates.FALSE_NEGATIVE_RATE, rates.TRUE_POSITIVE_RATE,
    rates.TRUE_NEGATIVE_RATE, rates.POSITIVE_PREDICTIVE_VALUE, rates.NEGATIVE_PREDICTIVE_VALUE,
)  # fmt: skip
RATE_PARITIES = {
    rate.name: _parity(
        f"{rate.name}_parity",
        f"τ <= ratio of the {rate.name.replace('_', ' ')} <= 1/τ",
        rate.needs,
    )
    for rate in _RATED
} | {
    SHARE_OF_SELECTED.name: _parity(
        "share_of_selected_parity", "τ <= ratio of the shares of the selected <= 1/τ", _DECISION
    )
}
ROLL_UPS: tuple[tuple[Definition, tuple[str, ...]], ...] = (
    (_parity("type_i_parity", "false discovery and false positive rates are at parity", _BOTH),
     ("false_discovery_rate", "false_positive_rate")),
    (_parity("type_ii_parity", "false omission and false negative rates are at parity", _BOTH),
     ("false_omission_rate", "false_negative_rate")),
    (_parity("equalized_odds_parity", "false and true positive rates are at parity", _BOTH),
     ("false_positive_rate", "true_positive_rate")),
    (_parity("unsupervised_fairness", "shares of the selected and selection rates are at parity",
             _DECISION), ("share_of_selected", "selection_rate")),
    (_parity("supervised_fairness", "Type I and Type II parity hold", _BOTH),
     ("false_discovery_rate", "false_positive_rate", "false_omission_rate",
      "false_negative_rate")),
)  # fmt: skip
DEFINITIONS = (
    SHARE_OF_SELECTED, SHARE_OF_SELECTED_RATIO, *RATE_PARITIES.values(),
    *(each for each, _ in ROLL_UPS),
)  # fmt: skip


def parity_tables(by_group: Sequence[Groups], plan: Plan) -> Iterator[pa.Table]:
    """Share of the selected, and parity of every rate, of every known group."""
    if not plan.has(Needs.SELECTED):
        return
    for groups in by_group:
        known = groups.counts.take(groups.known).selected
        total = np.full(known.shape, groups.overall.selected[0] if len(known) else 0.0)
        names = [groups.names[i] for i in groups.known]
        yield measurements_table(
            _plain(quotient(known, total)), metric=SHARE_OF_SELECTED.name,
            code=SHARE_OF_SELECTED.code, attribute=groups.attribute, group=names,
            numerator=known, denominator=total, n=groups.rows[groups.known],
        )  # fmt: skip
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
    for definition, parts in ROLL_UPS:
        if plan.has(*definition.needs):
            together = _all([at_parity[part] for part in parts])
            yield measurements_table(_plain(together), metric=definition.name, **labels)


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
