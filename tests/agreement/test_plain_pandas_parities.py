"""Figures that are made of the rates of two groups, or of all, beside plain pandas."""

from collections.abc import Mapping
from math import log, sqrt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.agreement.test_plain_pandas import (
    RATES,
    REFERENCE,
    Figures,
    Frame,
    measured,
    quotient,
    rate,
)
from tests.builders.generated_files import generated

Value = float | None
LOWER_IS_BETTER = {
    "false_positive_rate", "false_negative_rate", "false_discovery_rate", "false_omission_rate",
}  # fmt: skip
PARITIES = {
    "type_i_parity": ("false_positive_rate", "false_discovery_rate"),
    "type_ii_parity": ("false_negative_rate", "false_omission_rate"),
    "equalized_odds_parity": ("false_positive_rate", "true_positive_rate"),
}


def minus(one: Value, other: Value) -> Value:
    return None if one is None or other is None else one - other


def over(one: Value, other: Value) -> Value:
    return None if one is None or other is None else quotient(one, other)


def weight(frame: Frame, **where: float) -> float:
    for name, value in where.items():
        frame = frame[frame[name] == value]
    return float(frame.w.sum())


def is_in_parity(ratio: Value) -> Value:
    # What lies on the border but for the last digit of a double lies on it.
    return None if ratio is None else float(0.8 - 1e-12 <= ratio <= 1.25 + 1e-12)


def all_of(parities: list[Value]) -> Value:
    """One that fails is enough to fail, whatever cannot be told of the others."""
    if 0.0 in parities:
        return 0.0
    return None if None in parities else 1.0


def share_of(column: str, value: float, own: Frame, both: Frame) -> float:
    """The part of all who have a value that is of one group; of nobody none, as Clarify has it."""
    return quotient(weight(own, **{column: value}), weight(both, **{column: value})) or 0.0


def distances(own: Frame, other: Frame) -> dict[str, Value]:
    """Of the outcomes of two groups, from those of the reference."""
    d, a = rate("base_rate", own), rate("base_rate", other)
    if d is None or a is None:
        return {}
    cells = [(a, d), (1 - a, 1 - d)]
    gaps = [abs(p - q) for p, q in cells]
    found: dict[str, Value] = {
        "difference_in_proportions_of_labels": a - d,
        "lp_norm": sqrt(sum(gap * gap for gap in gaps)),
        "total_variation_distance": sum(gaps) / 2,
        "kolmogorov_smirnov": max(gaps),
    }
    if all(p and q for p, q in cells):

        def divergence(pairs: list[tuple[float, float]]) -> float:
            return sum(p * log(p / q) for p, q in pairs)

        middle = [(p + q) / 2 for p, q in cells]
        found["kullback_leibler_divergence"] = divergence(cells)
        found["jensen_shannon_divergence"] = (
            divergence([(p, m) for (p, _), m in zip(cells, middle, strict=True)])
            + divergence([(q, m) for (_, q), m in zip(cells, middle, strict=True)])
        ) / 2
    return found


def shares(own: Frame, other: Frame) -> dict[str, Value]:
    """Of two groups together, how many of those with a value are of the first."""
    both = pd.concat([own, other])
    benefit = (both.p - both.y + 1)[both.y.notna()]
    weights = both.w[both.y.notna()]
    mean = quotient((benefit * weights).sum(), weights.sum())
    found = {
        "class_imbalance": quotient(weight(other) - weight(own), weight(both)),
        "demographic_disparity_labels": minus(
            share_of("y", 0, own, both), share_of("y", 1, own, both)
        ),
        "demographic_disparity_predicted_labels": minus(
            share_of("p", 0, own, both), share_of("p", 1, own, both)
        ),
    }
    if mean:
        relative = benefit / mean
        square = ((relative**2 - 1) * weights).sum() / weights.sum() / 2
        logs = (relative * np.log(relative.where(relative > 0, 1.0)) * weights).sum()
        found |= {
            "generalized_entropy": square,
            "coefficient_of_variation": sqrt(max(2 * square, 0.0)),
            "theil_index": logs / weights.sum(),
        }
    return found


def beside_the_best(groups: Mapping[str, Frame]) -> Figures:
    """Every group beside the one that is best off; none where a group has no rate."""
    found: Figures = {}
    for name in RATES:
        values = {group: rate(name, each) for group, each in groups.items()}
        there = {group: value for group, value in values.items() if value is not None}
        if name in ("base_rate", "accuracy") or len(there) < 2:
            continue
        choose = min if name in LOWER_IS_BETTER else max
        best = choose(there.values())
        if sum(value == best for value in there.values()) > 1:
            continue  # which of them is named, names decide
        (reference,) = (group for group, value in there.items() if value == best)
        for group, value in there.items():
            if group != reference:
                found[f"{name}_difference_to_best", group, reference] = value - best
                found[f"{name}_ratio_to_best", group, reference] = quotient(value, best)
    return found


def beside_the_reference(own: Frame, other: Frame) -> Mapping[str, Value]:
    """What Clarify, AIF360, Aequitas and LiFT make of two groups."""
    known_d, known_a = own[own.y.notna()], other[other.y.notna()]

    def both(name: str) -> tuple[Value, Value]:
        return rate(name, own), rate(name, other)

    def d_minus_a(name: str) -> Value:
        return minus(*both(name))

    def a_minus_d(name: str) -> Value:
        return minus(*both(name)[::-1])

    def per(frame: Frame, y: float, p: float) -> Value:
        return quotient(weight(frame, y=y), weight(frame, p=p))

    def errors(frame: Frame) -> Value:
        return quotient(weight(frame, y=1, p=0), weight(frame, y=0, p=1))

    ratio = over(*both("selection_rate"))
    tpr, fpr = d_minus_a("true_positive_rate"), d_minus_a("false_positive_rate")
    found: dict[str, Value] = {
        "impact_ratio": ratio,
        "disparate_impact": ratio,
        "four_fifths": ratio if not ratio else min(ratio, 1 / ratio),
        "difference_in_positive_proportions_in_predicted_labels": a_minus_d("selection_rate"),
        "statistical_parity_difference": d_minus_a("selection_rate"),
        "selection_odds_ratio": quotient(
            weight(own, p=1) * weight(other, p=0), weight(own, p=0) * weight(other, p=1)
        ),
        "recall_difference": a_minus_d("true_positive_rate"),
        "specificity_difference": d_minus_a("true_negative_rate"),
        "difference_in_acceptance_rates": a_minus_d("positive_predictive_value"),
        "difference_in_rejection_rates": d_minus_a("negative_predictive_value"),
        "difference_in_conditional_acceptance": minus(per(known_a, 1, 1), per(known_d, 1, 1)),
        "difference_in_conditional_rejection": minus(per(known_d, 0, 0), per(known_a, 0, 0)),
        "treatment_equality": minus(errors(own), errors(other)),
        "equal_opportunity_difference": tpr,
        "average_odds_difference": None if tpr is None or fpr is None else (tpr + fpr) / 2,
        "average_absolute_odds_difference": (
            None if tpr is None or fpr is None else (abs(tpr) + abs(fpr)) / 2
        ),
    }
    parity = {name: is_in_parity(over(*both(name))) for name in RATES}
    found |= {f"{name}_parity": parity[name] for name in ("selection_rate", *LOWER_IS_BETTER)}
    for name, parts in PARITIES.items():
        found[name] = all_of([parity[each] for each in parts])
    return found | distances(own, other) | shares(own, other)


def over_all_groups(groups: Mapping[str, Frame], frame: Frame) -> Mapping[str, Value]:
    """The largest gaps among groups, and from everybody, as Fairlearn has them."""
    found: dict[str, Value] = {}
    for name in RATES:
        values = [value for each in groups.values() if (value := rate(name, each)) is not None]
        whole = rate(name, frame)
        if len(values) < len(groups) or len(values) < 2 or whole is None:
            continue
        low, high = min(values), max(values)
        found[f"{name}_difference_between_groups"] = high - low
        found[f"{name}_ratio_between_groups"] = quotient(low, high)
        found[f"{name}_difference_worst_to_overall"] = max(abs(each - whole) for each in values)
        if whole and low:
            found[f"{name}_ratio_worst_to_overall"] = min(
                min(each / whole, whole / each) for each in values
            )
    return found | equalized_odds(found)


def equalized_odds(found: Mapping[str, Value]) -> dict[str, Value]:
    """The worse of the gaps of both rates, and their mean."""
    both = ("true_positive_rate", "false_positive_rate")
    gaps, ratios = (
        [found.get(f"{name}_{kind}_between_groups") for name in both]
        for kind in ("difference", "ratio")
    )
    odds: dict[str, Value] = {}
    if (gap := gaps[0]) is not None:
        odds["equal_opportunity_worst_difference"] = gap
    if (ratio := ratios[0]) is not None:
        odds["equal_opportunity_worst_ratio"] = ratio
    if None not in gaps:
        one, other = gaps
        odds["equalized_odds_difference"] = max(one, other)  # type: ignore[type-var]
        odds["equalized_odds_difference_mean"] = (one + other) / 2  # type: ignore[operator]
    if None not in ratios:
        one, other = ratios
        odds["equalized_odds_ratio"] = min(one, other)  # type: ignore[type-var]
        odds["equalized_odds_ratio_mean"] = (one + other) / 2  # type: ignore[operator]
    if "positive_predictive_value_difference_between_groups" in found:
        name = "positive_predictive_value_difference_between_groups"
        odds["predictive_parity_difference"] = found[name]
    return odds


def compared(folder: Path, seed: int, *, weighted: bool) -> int:
    """Hold one file against pandas; how many figures were compared."""
    file = generated(folder, seed)
    frame = file.rows if weighted else file.rows.assign(w=1.0)
    groups = {str(name): some for name, some in frame.groupby("g")}
    ours = measured(file, weighted=weighted)
    theirs: Figures = {}
    if REFERENCE in groups:
        for name, own in groups.items():
            if name != REFERENCE:
                made = beside_the_reference(own, groups[REFERENCE])
                theirs |= {(each, name, REFERENCE): value for each, value in made.items()}
    theirs |= beside_the_best(groups)
    whole = over_all_groups(groups, frame)
    by_metric = {metric: value for (metric, *_), value in ours.items() if metric in whole}
    for metric, value in whole.items():
        near = None if value is None else pytest.approx(value, rel=1e-9, abs=1e-9)
        assert by_metric.get(metric) == near, (seed, weighted, metric)
    for about, value in theirs.items():
        near = None if value is None else pytest.approx(value, rel=1e-9, abs=1e-9)
        assert ours.get(about) == near, (seed, weighted, about)
    return len(theirs) + len(whole)


@pytest.mark.parametrize("weighted", [False, True])
def test_files_agree(tmp_path: Path, weighted: bool) -> None:
    assert sum(compared(tmp_path, seed, weighted=weighted) for seed in range(8)) > 200


@pytest.mark.whole
@pytest.mark.parametrize("fifty", range(10))
def test_five_hundred_files_agree(tmp_path: Path, fifty: int) -> None:
    seeds = range(50 * fifty, 50 * fifty + 50)
    assert sum(
        compared(tmp_path, seed, weighted=weighted) for seed in seeds for weighted in (False, True)
    ) > 5_000  # fmt: skip
