"""No figure depends on the unit of weight, nor on the order of rows, groups or columns."""

import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from fairness_audit.cli.measure.results import results
from fairness_audit.steps.measure.counting.input_file import InputFile
from fairness_audit.steps.measure.counting.plan import Plan
from tests.builders.generated_files import generated

SUMS = ("numerator", "denominator", "reference_numerator", "reference_denominator")
Results = list[dict[str, Any]]


def measured(rows: pd.DataFrame, *, weighted: bool, resamples: int) -> Results:
    """All results of the rows, written to a file."""
    parts = {"outcome": "y", "selected": "p", "score": "s", "value": "v"}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "given.csv"
        rows.to_csv(path, index=False)
        more = {"weight": "w"} if weighted else {}
        file = InputFile(path=path, attributes=("g",), strata=("region",), **parts, **more)
        plan = Plan(
            {"g": ("g",)}, strata=("region",), columns=file.columns, resamples=resamples,
            small_if_need_be=True,
        )  # fmt: skip
        return list(results(file, plan))


def near(value: Any, *, rel: float = 1e-6) -> Any:
    return pytest.approx(value, rel=rel, abs=1e-7) if isinstance(value, float) else value


def same(ours: Results, theirs: Results) -> None:
    """Every result, in any order, but for sums of weights."""

    def by_place(found: Results) -> Mapping[tuple[Any, ...], dict[str, Any]]:
        keys = ("metric", "code", "attribute", "group", "reference", "stratum")
        return {tuple(each[key] for key in keys): each for each in found}

    one, other = by_place(ours), by_place(theirs)
    assert one.keys() == other.keys()
    for place, each in one.items():
        for key in each.keys() - set(SUMS):
            assert other[place][key] == near(each[key]), (place, key)


def same_of_other_groups(ours: Results, theirs: Results, called: Mapping[str, str]) -> None:
    """Every figure of every metric, whoever it is about, and every rate of every group."""
    keys = ("value", "low", "high", "p_value")  # of equals the first name is told, and its size

    def figures(found: Results) -> Mapping[tuple[Any, ...], list[Sequence[Any]]]:
        of_it = defaultdict(list)
        for each in found:
            about = (each["metric"], each["attribute"], each["stratum"])
            of_it[about].append([each[key] for key in keys])
        return of_it

    def in_order(rows: list[Sequence[Any]]) -> list[Sequence[Any]]:
        return sorted(rows, key=lambda row: [(v is not None, round(v or 0, 6)) for v in row])

    one, other = figures(ours), figures(theirs)
    assert one.keys() == other.keys()
    for about, rows in one.items():
        for mine, yours in zip(in_order(rows), in_order(other[about]), strict=True):
            assert list(yours) == [near(value) for value in mine], about
    rates = {(e["metric"], e["group"], e["stratum"]): e["value"] for e in theirs
             if e["reference"] is None}  # fmt: skip
    for each in ours:
        if each["reference"] is None and each["metric"].endswith("_rate"):
            name = called.get(each["group"], each["group"])
            assert rates[each["metric"], name, each["stratum"]] == near(each["value"])


GIVEN = (st.integers(0, 10_000), st.floats(1e-12, 1e12), st.booleans())
PHASES = [Phase.explicit, Phase.reuse, Phase.generate]


@settings(max_examples=3, deadline=None, phases=PHASES)
@given(*GIVEN)
def test_nothing_changes(seed: int, unit: float, weighted: bool) -> None:
    nothing_changes(seed, unit, weighted=weighted)


@pytest.mark.whole
@settings(max_examples=50, deadline=None, phases=PHASES)
@given(*GIVEN)
def test_nothing_changes_in_many_files(seed: int, unit: float, weighted: bool) -> None:
    nothing_changes(seed, unit, weighted=weighted)


def nothing_changes(seed: int, unit: float, *, weighted: bool) -> None:
    """Of one made-up file."""
    with tempfile.TemporaryDirectory() as folder:
        rows = generated(Path(folder), seed).rows
    draw = np.random.default_rng(seed)
    plain = measured(rows, weighted=weighted, resamples=40)
    moved = rows.sample(frac=1, random_state=seed)[list(draw.permutation(rows.columns))]
    moved = moved.assign(w=moved.w * unit)
    same(plain, measured(moved, weighted=weighted, resamples=40))
    names = sorted(rows.g.dropna().unique())
    called = dict(zip(names, draw.permutation(names), strict=True))
    swapped = rows.assign(g=rows.g.map(called, na_action="ignore"))
    # Resamples are drawn in the order of the groups.
    found = measured(swapped, weighted=weighted, resamples=0)
    same_of_other_groups(measured(rows, weighted=weighted, resamples=0), found, called)
