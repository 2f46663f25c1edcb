"""Parity in the sense of Aequitas: a ratio to the reference from τ to 1/τ, and its roll-ups.

Source: Aequitas, `fairness.py`; Saleiro et al., "Aequitas: a bias and fairness audit toolkit"
(2018). Ratios are compared with τ exactly, as fractions.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np

from fairness_audit.measure import rates
from fairness_audit.measure.comparisons import REST
from fairness_audit.measure.definition import Definition, Needs
from fairness_audit.measure.groups import Groups
from fairness_audit.measure.plan import Plan
from fairness_audit.measure.rows import Row, summary_row

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


def parity_rows(groups: Groups, plan: Plan) -> Iterator[Row]:
    """Share of the selected, and parity of every rate, of every known group."""
    if not plan.has(Needs.SELECTED):
        return
    total = groups.overall.selected[0]
    for i in groups.known:
        n, selected = int(groups.rows[i]), float(groups.counts.selected[i])
        value = selected / total if total else np.nan
        yield summary_row(SHARE_OF_SELECTED, groups, groups.names[i], None, value, n)._replace(
            numerator=selected, denominator=float(total)
        )
    position = groups.reference_position
    if groups.reference is not None and position is None:
        return
    for i in groups.known:
        if i != position:
            yield from _parity_rows(groups, int(i), position, plan)


def _parity_rows(groups: Groups, i: int, position: int | None, plan: Plan) -> Iterator[Row]:
    d = groups.counts.take(i)
    a = groups.overall.take(0) - d if position is None else groups.counts.take(position)
    reference = REST if position is None else groups.names[position]

    def row(definition: Definition, value: float) -> Row:
        return summary_row(
            definition, groups, groups.names[i], reference, value, int(groups.rows[i])
        )

    ratios = {
        rate.name: _ratio(rate.numerator(d), rate.denominator(d), rate.numerator(a),
                          rate.denominator(a))
        for rate in _RATED if plan.has(*rate.needs)
    }  # fmt: skip
    ratios[SHARE_OF_SELECTED.name] = _ratio(d.selected, 1, a.selected, 1)
    share = ratios[SHARE_OF_SELECTED.name]
    yield row(SHARE_OF_SELECTED_RATIO, np.nan if share is None else float(share))
    at_parity = {
        name: None if ratio is None else plan.tau <= ratio <= 1 / plan.tau
        for name, ratio in ratios.items()
    }
    for name, parity in at_parity.items():
        yield row(RATE_PARITIES[name], _as_number(parity))
    for definition, parts in ROLL_UPS:
        if plan.has(*definition.needs):
            yield row(definition, _as_number(_all([at_parity[part] for part in parts])))


def _ratio(top: float, of: float, other: float, other_of: float) -> Fraction | None:
    """The exact ratio of two rates; None where it is undefined."""
    if not of or not other or not other_of:
        return None
    return (
        Fraction(float(top))
        * Fraction(float(other_of))
        / (Fraction(float(of)) * Fraction(float(other)))
    )


def _all(parts: Sequence[bool | None]) -> bool | None:
    if False in parts:
        return False
    return None if None in parts else True


def _as_number(truth: bool | None) -> float:
    return float("nan") if truth is None else float(truth)
