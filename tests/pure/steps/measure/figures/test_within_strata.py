"""Scores, values, classes and ranks within strata: what the stratum alone would give."""

import random
from pathlib import Path
from typing import Any

from tests.builders.measured_files import MeasuredFile

COLUMNS = "attr_g stratum_region outcome selected score decision value rank"


def rows() -> list[tuple[Any, ...]]:
    draw = random.Random(7)
    return [
        (
            draw.choice("ab"), draw.choice(["north", "so=uth", ""]), draw.randint(0, 1),
            draw.randint(0, 1), draw.random(), draw.choice("xyz"), draw.gauss(3, 2),
            draw.randint(1, 9),
        )
        for _ in range(300)
    ]  # fmt: skip


def figures(measured: MeasuredFile) -> dict[tuple[Any, ...], Any]:
    kept = ("metric", "attribute", "group", "reference")
    return {
        (*(each[key] for key in kept), (each["stratum"] or "")): each["value"]
        for each in measured.all
    }


def test_a_stratum_is_measured_as_if_it_were_alone(tmp_path: Path) -> None:
    everybody = figures(MeasuredFile(tmp_path, rows(), COLUMNS))
    scanned = 0
    for region in ("north", "so=uth", ""):
        (tmp_path / f"only {region}").mkdir()
        alone = [(row[0], *row[2:]) for row in rows() if row[1] == region]
        columns = COLUMNS.replace("stratum_region ", "")
        name = f"stratum_region={region or 'unknown'}"
        for key, value in figures(
            MeasuredFile(tmp_path / f"only {region}", alone, columns)
        ).items():
            *about, place = key
            within = (*about, f"{name}, {place}" if place else name)
            if about[0] in ("area_under_curve", "mean_value", "decision_rate", "exposure"):
                assert everybody[within] == value
                scanned += 1
    assert scanned > 30
