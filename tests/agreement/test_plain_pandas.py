"""Every figure of made-up files, unweighted and weighted, beside a few lines of plain pandas."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from fairness_audit.cli.measure.results import results
from fairness_audit.steps.measure.counting.input_file import InputFile
from fairness_audit.steps.measure.counting.plan import Plan
from tests.builders.generated_files import Generated, generated

REFERENCE = "F"
Figures = dict[tuple[str, str, str | None], float | None]
Frame = pd.DataFrame


def quotient(top: float, bottom: float) -> float | None:
    return float(top / bottom) if bottom else None


RATES: dict[str, tuple[Callable[[Frame], "pd.Series[bool]"], Callable[[Frame], "pd.Series[bool]"]]]
RATES = {
    "selection_rate": (lambda f: f.p == 1, lambda f: f.p >= 0),
    "base_rate": (lambda f: f.y == 1, lambda f: f.y.notna()),
    "true_positive_rate": (lambda f: f.p == 1, lambda f: f.y == 1),
    "false_positive_rate": (lambda f: f.p == 1, lambda f: f.y == 0),
    "false_negative_rate": (lambda f: f.p == 0, lambda f: f.y == 1),
    "true_negative_rate": (lambda f: f.p == 0, lambda f: f.y == 0),
    "positive_predictive_value": (lambda f: f.y == 1, lambda f: f.y.notna() & (f.p == 1)),
    "negative_predictive_value": (lambda f: f.y == 0, lambda f: f.y.notna() & (f.p == 0)),
    "false_discovery_rate": (lambda f: f.y == 0, lambda f: f.y.notna() & (f.p == 1)),
    "false_omission_rate": (lambda f: f.y == 1, lambda f: f.y.notna() & (f.p == 0)),
    "accuracy": (lambda f: f.y == f.p, lambda f: f.y.notna()),
}


def rate(name: str, frame: Frame) -> float | None:
    top, bottom = RATES[name]
    inside = frame[bottom(frame)]
    return quotient(inside[top(inside)].w.sum(), inside.w.sum())


def mean(values: "pd.Series[float]", weights: "pd.Series[float]") -> float | None:
    return quotient((values * weights).sum(), weights.sum())


def area(trues: Frame, falses: Frame) -> float | None:
    """Of all pairs, the share in which the true outcome has the higher score."""
    pairs = trues[["s", "w"]].merge(falses[["s", "w"]], how="cross")
    won = (pairs.s_x > pairs.s_y) + (pairs.s_x == pairs.s_y) / 2
    return mean(won, pairs.w_x * pairs.w_y)


def median(frame: Frame, *, weighted: bool) -> float:
    if not weighted:
        return float(frame.s.median())
    ordered = frame.sort_values("s")
    reached = ordered.w.cumsum() / ordered.w.sum()
    low = ordered.s[reached >= 0.5 - 1e-12].iloc[0]
    high = ordered.s[reached > 0.5 + 1e-12].iloc[0]
    return float((low + high) / 2)


def distance(one: Frame, other: Frame) -> float:
    scores = np.unique([*one.s, *other.s])
    below = [[f[f.s <= s].w.sum() / f.w.sum() for s in scores] for f in (one, other)]
    return float(np.abs(np.subtract(*below)).max())


def alone(found: Figures, name: str, frame: Frame, above: float) -> None:
    """The figures of one group, or of everybody."""
    for each in RATES:
        found[each, name, None] = rate(each, frame)
    known = frame[frame.y.notna()]
    found["mean_score", name, None] = mean(frame.s, frame.w)
    found["scoring_rate", name, None] = mean(frame.s > above, frame.w)
    found["brier_score", name, None] = mean((known.s - known.y) ** 2, known.w)
    found["area_under_curve", name, None] = area(known[known.y == 1], known[known.y == 0])
    bins = np.minimum((known.s * 10).astype(int), 9)
    gaps = [abs(((b.s - b.y) * b.w).sum()) for _, b in known.groupby(bins)]
    found["expected_calibration_error", name, None] = quotient(sum(gaps), known.w.sum())


def against(found: Figures, name: str, own: Frame, other: Frame, reference: str) -> None:
    """The figures of one group against another."""
    suffix = {"rest": "_to_rest", "overall": "_to_overall"}.get(reference, "")
    for each in RATES:
        d, a = rate(each, own), rate(each, other)
        missing = d is None or a is None
        found[f"{each}_difference{suffix}", name, reference] = None if missing else d - a
        found[f"{each}_ratio{suffix}", name, reference] = None if missing else quotient(d, a)
    if reference == REFERENCE:
        found["score_kolmogorov_smirnov", name, reference] = distance(own, other)
        trues, falses = own[own.y == 1], other[other.y == 0]
        found["cross_area_under_curve", name, reference] = area(trues, falses)
        if (clarify := found["accuracy_difference", name, reference]) is not None:
            found["accuracy_difference", name, reference] = -clarify  # its AD is turned round


def expected(rows: Frame, *, weighted: bool) -> Figures:
    """What plain pandas makes of the rows."""
    frame = rows if weighted else rows.assign(w=1.0)
    above = median(frame, weighted=weighted)
    found: Figures = {}
    alone(found, "overall", frame, above)
    groups = {str(name): some for name, some in frame.groupby("g")}
    for name, own in groups.items():
        alone(found, name, own, above)
        found["population_share", name, None] = own.w.sum() / frame.w.sum()
        against(found, name, own, frame.drop(own.index), "rest")
        against(found, name, own, frame, "overall")
        if REFERENCE in groups and name != REFERENCE:
            against(found, name, own, groups[REFERENCE], REFERENCE)
    rates = {name: rate("selection_rate", own) or 0.0 for name, own in groups.items()}
    if len(rates) > 1:
        worst, best = min(rates.values()), max(rates.values())
        found["demographic_parity_difference", "", None] = best - worst
        found["demographic_parity_ratio", "", None] = quotient(worst, best)
    if frame.g.isna().any():
        alone(found, "unknown", frame[frame.g.isna()], above)
    return found


def told(file: Generated, *, weighted: bool) -> list[dict[str, Any]]:
    """What the product makes of the file."""
    parts = {"outcome": "y", "selected": "p", "score": "s"} | ({"weight": "w"} if weighted else {})
    given = InputFile(path=file.path, attributes=("g",), **parts)
    there = {"g": REFERENCE} if (file.rows.g == REFERENCE).any() else {}
    plan = Plan({"g": ("g",)}, there, columns=given.columns, resamples=0, small_if_need_be=True)
    return results(given, plan)


def measured(file: Generated, *, weighted: bool) -> Figures:
    """The values of it, of what is not within a stratum."""
    found: Figures = {}
    for each in told(file, weighted=weighted):
        if each["stratum"] is None:
            whole = each["metric"].startswith("demographic_parity")
            about = ("", None) if whole else (each["group"], each["reference"])
            found[each["metric"], *about] = each["value"]
    return found


def agree(folder: Path, seed: int) -> int:
    """Hold one file against pandas; how many figures were compared."""
    compared = 0
    for weighted in (False, True):
        file = generated(folder, seed)
        ours, theirs = measured(file, weighted=weighted), expected(file.rows, weighted=weighted)
        for about, value in theirs.items():
            near = value if value is None else pytest.approx(value, rel=1e-9, abs=1e-9)
            assert ours.get(about) == near, (seed, weighted, about)
        compared += len(theirs)
    return compared


@pytest.mark.parametrize("seed", range(12))
def test_a_file_agrees(tmp_path: Path, seed: int) -> None:
    assert agree(tmp_path, seed) > 50


@pytest.mark.whole
@pytest.mark.parametrize("fifty", range(10))
def test_five_hundred_files_agree(tmp_path: Path, fifty: int) -> None:
    assert sum(agree(tmp_path, 50 * fifty + seed) for seed in range(50)) > 5_000
