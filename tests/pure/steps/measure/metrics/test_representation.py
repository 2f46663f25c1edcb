"""Rates bounded over people of unknown group; conventions of other systems, by name."""

from itertools import product
from pathlib import Path

import pytest

from fairness_audit.steps.measure.counting.plan import Compat
from tests.builders.measured_files import MeasuredFile, counted

RATES = ("selection_rate", "true_positive_rate", "false_discovery_rate")


def test_bounds_are_the_extremes_over_every_way_to_know_the_unknown(tmp_path: Path) -> None:
    known = [("a", 1, 1), ("a", 1, 0), ("a", 0, 1), ("b", 1, 1), ("b", 0, 0), ("b", 0, 1)]
    unknown = [("", 1, 1), ("", 0, 1), ("", 1, 0), ("", 0, 0)]
    columns = "attr_g outcome selected"
    bounded = MeasuredFile(tmp_path, [*known, *unknown], columns)
    possible = []
    for groups in product("ab", repeat=len(unknown)):
        told = [(group, *row[1:]) for group, row in zip(groups, unknown, strict=True)]
        possible.append(MeasuredFile(tmp_path, [*known, *told], columns))
    for metric in RATES:
        values = [each.value(metric, "a") for each in possible]
        found = bounded.one(f"{metric}_bounds", "a")
        assert found["value"] == bounded.value(metric, "a")
        assert (found["low"], found["high"]) == pytest.approx((min(values), max(values)))
        assert found["method"] == "manski"


def test_where_everybody_is_known_there_is_nothing_to_bound(tmp_path: Path) -> None:
    measured = MeasuredFile(tmp_path, [("a", 1), ("b", 0)], "attr_g selected")
    assert not [each for each in measured.all if each["metric"].endswith("_bounds")]


def test_fairlearn_says_nought_where_we_say_nothing(tmp_path: Path) -> None:
    rows = [("a", 0, 1), ("b", 1, 1)]
    ours = MeasuredFile(tmp_path, rows, "attr_g outcome selected")
    theirs = MeasuredFile(tmp_path, rows, "attr_g outcome selected", compat=Compat.FAIRLEARN)
    assert ours.one("TPR", "a")["value"] is None
    assert theirs.value("TPR", "a") == 0.0
    assert (theirs.one("TPR", "a")["low"], theirs.one("TPR", "a")["method"]) == (None, "none")


def test_aequitas_tests_the_false_discovery_rate_beside_the_false_positive_rate(
    tmp_path: Path,
) -> None:
    """COMPAS: it prints .0504 where the false positive rates themselves give 2.11e-37."""
    table = {"African-American": (1369, 805, 990, 532), "Caucasian": (505, 349, 1139, 461)}
    counts = {
        (group, outcome, selected): (n, 0)
        for group, (tp, fp, tn, fn) in table.items()
        for (outcome, selected), n in {(1, 1): tp, (0, 1): fp, (0, 0): tn, (1, 0): fn}.items()
    }
    rows = [row[:3] for row in counted(counts)]
    references = {"attr_race": "Caucasian"}

    def p_value(metric: str, compat: Compat | None) -> float:
        measured = MeasuredFile(
            tmp_path, rows, "attr_race outcome selected", references=references, compat=compat
        )
        return float(measured.one(metric, "African-American")["p_value"])

    name = "false_positive_rate_ratio"
    assert p_value(name, None) == pytest.approx(2.11e-37, rel=5e-3)
    assert p_value(name, Compat.AEQUITAS) == pytest.approx(0.0504, abs=5e-5)
    discovery = "false_discovery_rate_ratio"
    assert p_value(discovery, None) == p_value(name, Compat.AEQUITAS)
    assert p_value("false_negative_rate_ratio", Compat.AEQUITAS) == pytest.approx(
        8.79e-26, rel=5e-3
    )
