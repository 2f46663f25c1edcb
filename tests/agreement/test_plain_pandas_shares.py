"""Shares of the selected and quantiles of the scores of the same files, beside plain pandas."""

from collections.abc import Mapping
from math import log, sqrt
from pathlib import Path

import numpy as np
import pytest

from tests.agreement.test_plain_pandas import (
    RATES,
    REFERENCE,
    Figures,
    Frame,
    area,
    expected,
    mean,
    measured,
    median,
    quotient,
    rate,
    told,
)
from tests.agreement.test_plain_pandas_parities import (
    Value,
    all_of,
    beside_the_best,
    beside_the_reference,
    is_in_parity,
    minus,
    over,
    over_all_groups,
    shares,
    weight,
)
from tests.builders.generated_files import Generated, generated

ELSEWHERE = {
    "calibration_slope",
    "impact_ratio_to_best",
    "impact_ratio_to_overall",
    "impact_ratio_to_rest",
    "accuracy_difference_to_best",
    "accuracy_ratio_to_best",
    "base_rate_difference_to_best",
    "base_rate_ratio_to_best",
}
"""What other tests hold: a fit, impact ratios, and figures of the group best off."""


def parities(own: Frame, other: Frame, selected: float) -> dict[str, Value]:
    """What Aequitas makes of two groups, and rolls up."""
    ratio = {name: over(rate(name, own), rate(name, other)) for name in RATES}
    parity = {name: is_in_parity(value) for name, value in ratio.items()}
    of_selected = over(*(quotient(weight(each, p=1), selected) for each in (own, other)))
    type_i = [parity["false_discovery_rate"], parity["false_positive_rate"]]
    type_ii = [parity["false_omission_rate"], parity["false_negative_rate"]]
    named = {f"{name}_parity": value for name, value in parity.items() if name != "accuracy"}
    return named | {
        "share_of_selected_ratio": of_selected,
        "share_of_selected_parity": is_in_parity(of_selected),
        "unsupervised_fairness": all_of([is_in_parity(of_selected), parity["selection_rate"]]),
        "supervised_fairness": all_of([*type_i, *type_ii]),
    }


def spread(frame: Frame) -> float:
    """The sample's variance of the scores."""
    middle = (frame.s * frame.w).sum() / frame.w.sum()
    return float((frame.w * (frame.s - middle) ** 2).sum() / (frame.w.sum() - 1))


def tells(frame: Frame) -> float:
    """As many rows of even weight as tell as much (Kish 1965)."""
    return float(frame.w.sum() ** 2 / (frame.w**2).sum())


def of_two(own: Frame, other: Frame) -> dict[str, Value]:
    """Of the selections and scores of two groups."""
    d, a = rate("selection_rate", own), rate("selection_rate", other)
    n, m = weight(own), weight(other)
    found: dict[str, Value] = {}
    if d is not None and a is not None and 0 < n * d + m * a < n + m:
        one, two = tells(own), tells(other)
        both = (one * d + two * a) / (one + two)
        found["selection_z"] = (d - a) / sqrt(both * (1 - both) * (1 / one + 1 / two))
        taken = n * d / (n * d + m * a)
        found["skew"] = log(taken / (n / (n + m))) if taken else None
    trues, falses = other[other.y == 1], own[own.y == 0]
    found["cross_area_under_curve_mirror"] = area(trues, falses)
    return found


def standardised(own: Frame, other: Frame) -> Value:
    """How far the means of the scores are apart, in pooled standard deviations."""
    n, m = tells(own), tells(other)
    if n + m <= 2:
        return None
    spreads = []
    for each in (own, other):
        middle = (each.s * each.w).sum() / each.w.sum()
        spreads.append((each.w * (each.s - middle) ** 2).sum() / each.w.sum())
    pooled = (n * spreads[0] + m * spreads[1]) / (n + m - 2)
    gap = mean(own.s, own.w) - mean(other.s, other.w)  # type: ignore[operator]
    return gap / sqrt(pooled) if pooled > 0 else None


def smoothed(groups: Mapping[str, Frame], column: str = "p") -> float:
    """Foulds et al. 2020: half an observation of each decision is added to every group."""
    rates = []
    for whole in groups.values():
        each = whole[whole[column].notna()]
        n = tells(each) if len(each) else 0.0
        share = quotient(weight(each, **{column: 1}), weight(each)) or 0.0
        rates.append((n * share + 0.5) / (n + 1))
    return max(
        max(abs(log(one / other)), abs(log((1 - one) / (1 - other))))
        for one in rates
        for other in rates
    )


def benefits(groups: Mapping[str, Frame]) -> dict[str, float]:
    """How unequal the groups' selection rates are, each group counted once (LiFT)."""
    rates = np.array([rate("selection_rate", each) for each in groups.values()])
    if not rates.sum():
        return {}
    relative = rates / rates.mean()
    found = {"benefit_generalized_entropy": float((relative**2 - 1).mean() / 2)}
    found["benefit_theil_t"] = float((relative * np.log(np.where(relative, relative, 1))).mean())
    if relative.all():
        found["benefit_theil_l"] = float(-np.log(relative).mean())
        found["benefit_atkinson"] = float(1 - np.exp(np.log(relative).mean()))
    return found


def of_scores(own: Frame, other: Frame, above: float) -> dict[str, Value]:
    """What the scores of two groups say of outcomes."""
    known = [each[each.y.notna()] for each in (own, other)]
    areas = [area(each[each.y == 1], each[each.y == 0]) for each in known]
    off = [over(((each.s - each.y) * each.w).sum(), each.w.sum()) for each in known]
    scoring = [mean(each.s > above, each.w) for each in (own, other)]
    return {
        "area_under_curve_difference": minus(*areas),
        "calibration_difference": minus(*off),
        "scoring_rate_impact_ratio": over(*scoring),
    }


def bounds(name: str, own: Frame, unknown: Frame) -> tuple[Value, Value]:
    """Of a rate, where all of unknown group were the worst, and the best, for a group."""
    top, bottom = RATES[name]
    mine, theirs = own[bottom(own)], unknown[bottom(unknown)]
    n, k = mine.w.sum(), mine[top(mine)].w.sum()
    more = theirs[top(theirs)].w.sum()
    less = theirs.w.sum() - more
    return quotient(k, n + less), quotient(k + more, n + more)


def made(frame: Frame, *, weighted: bool) -> Figures:
    """What plain pandas makes of the rows."""
    groups = {str(name): some for name, some in frame.groupby("g")}
    found: Figures = {}
    selected, above = weight(frame, p=1), median(frame, weighted=weighted)
    for name, own in groups.items():
        found["share_of_selected", name, None] = quotient(weight(own, p=1), selected)
    if REFERENCE in groups:
        other = groups[REFERENCE]
        for name, own in groups.items():
            if name != REFERENCE:
                pair = parities(own, other, selected) | of_two(own, other)
                pair["standardized_mean_difference"] = standardised(own, other)
                pair |= of_scores(own, other, above)
                d, a = (rate("accuracy", each) for each in (own, other))
                pair["accuracy_difference_to_reference"] = minus(d, a)
                found |= {(each, name, REFERENCE): value for each, value in pair.items()}
    if len(groups) > 1:
        found["smoothed_empirical_differential_fairness", "overall", None] = smoothed(groups)
        known = {name: each[each.y.notna()] for name, each in groups.items()}
        if all(len(each) for each in known.values()):
            more = smoothed(known) - smoothed(known, "y")
            found["bias_amplification", "overall", None] = more
        found |= {(each, "overall", None): value for each, value in benefits(groups).items()}
    everybody = shares(frame, frame.iloc[:0])
    for name in ("generalized_entropy", "theil_index"):
        if name in everybody:
            found[f"total_{name}", "overall", None] = everybody[name]
    if not weighted:
        named = {"overall": frame} | groups
        for name, some in named.items():
            for percent in (10, 25, 50, 75, 90):
                value = float(np.quantile(some.s, percent / 100))
                found[f"score_quantile_{percent}", name, None] = value
    return found


def compared(folder: Path, seed: int, *, weighted: bool) -> int:
    file = generated(folder, seed)
    frame = file.rows if weighted else file.rows.assign(w=1.0)
    ours, theirs = measured(file, weighted=weighted), made(frame, weighted=weighted)
    for about, value in theirs.items():
        near = None if value is None else pytest.approx(value, rel=1e-9, abs=1e-9)
        assert ours.get(about) == near, (seed, weighted, about)
    return len(theirs) + compared_bounds(file, frame, weighted=weighted)


def compared_bounds(file: Generated, frame: Frame, *, weighted: bool) -> int:
    """Hold the bounds that rows of unknown group leave against pandas."""
    unknown, seen = frame[frame.g.isna()], 0
    groups = {str(name): some for name, some in frame.groupby("g")}
    for each in told(file, weighted=weighted):
        name = each["metric"].removesuffix("_bounds")
        if name == each["metric"] or each["group"] not in groups:
            continue
        ends = bounds(name, groups[each["group"]], unknown)
        for end, value in zip(("low", "high"), ends, strict=True):
            near = None if value is None else pytest.approx(value, rel=1e-9, abs=1e-9)
            assert each[end] == near, (file.path, weighted, name, each["group"], end)
        seen += 1
    return seen


@pytest.mark.parametrize("weighted", [False, True])
def test_files_agree(tmp_path: Path, weighted: bool) -> None:
    assert sum(compared(tmp_path, seed, weighted=weighted) for seed in range(8)) > 60


def test_no_figure_of_such_a_file_is_left_out(tmp_path: Path) -> None:
    ours, theirs = set(), set(ELSEWHERE)
    for seed in range(8):
        file = generated(tmp_path, seed)
        frame = file.rows.assign(w=1.0)
        groups = {str(name): some for name, some in frame.groupby("g")}
        ours |= {metric for metric, *_ in measured(file, weighted=False)}
        made_here = (expected(file.rows, weighted=False), made(frame, weighted=False))
        theirs |= {metric for each in (*made_here, beside_the_best(groups)) for metric, *_ in each}
        theirs |= {*over_all_groups(groups, frame), *(f"{name}_bounds" for name in RATES)}
        if REFERENCE in groups:
            theirs |= {*beside_the_reference(frame, groups[REFERENCE])}
    assert ours - theirs == set()
    assert len(ours) > 200
