"""Builders: files of made-up decisions, each written in another way, and what is in them."""

import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

UNKNOWN = ["", "NA", "n/a", "NULL", "None", "unknown", " "]


@dataclass(frozen=True)
class Generated:
    """A file and its rows: group g (None: unknown), region, y (NaN: unknown), p, s, v, w."""

    path: Path
    rows: pd.DataFrame


def generated(folder: Path, seed: int) -> Generated:
    """The file of that number: other sizes, groups, gaps and ways to write each time."""
    draw = np.random.default_rng([2026, seed])
    n = int(draw.integers(4, 120))
    groups = ["F", "M", "Ä,;", "x=y"][: int(draw.integers(1, 5))]
    rows = pd.DataFrame(
        {
            "g": draw.choice(np.array([*groups, None], dtype=object), n),
            "region": draw.choice(["n", "s"], n),
            "y": draw.choice([0.0, 1.0, np.nan], n, p=[0.45, 0.45, 0.1]),
            "p": draw.integers(0, 2, n),
            "s": np.round(draw.random(n), int(draw.integers(1, 5))),
            "v": np.round(draw.normal(0, 100, n), 2),
            "w": np.round(draw.lognormal(0, 1, n) + 0.001, 6) * 10.0 ** draw.integers(-9, 9),
        }
    )
    rows = rows[list(draw.permutation(rows.columns))]
    return Generated(_written(folder, rows, draw, seed), rows)


def _written(folder: Path, rows: pd.DataFrame, draw: Any, seed: int) -> Path:
    yes, no = [("1", "0"), ("yes", "no"), ("TRUE", "FALSE"), ("1.00", "0.0")][draw.integers(4)]
    has_comma, has_percent = bool(draw.integers(2)), bool(draw.integers(2))

    def number(value: float) -> str:
        return f"{value!r}".replace(".", ",") if has_comma else f"{value!r}"

    def share(value: float) -> str:
        return f"{number(round(value * 100, 6))}%" if has_percent else number(value)

    def word(value: object) -> str:
        return str(draw.choice(UNKNOWN)) if value is None else str(value)

    text = pd.DataFrame(
        {
            "g": [word(each) for each in rows["g"]],
            "region": rows["region"],
            "y": [word(None) if np.isnan(y) else yes if y else no for y in rows["y"]],
            "p": [yes if p else no for p in rows["p"]],
            "s": [share(each) for each in rows["s"]],
            "v": [number(each) for each in rows["v"]],
            "w": [number(each) for each in rows["w"]],
        }
    )[list(rows.columns)]
    path = folder / f"given[{seed}]"
    match draw.integers(4):
        case 0:
            text.to_parquet(path)
        case 1:
            lines = (json.dumps(row, ensure_ascii=False) for row in text.to_dict("records"))
            path.write_text("\n".join(lines), encoding="utf-8")
        case _:
            encoding = draw.choice(["utf-8", "utf-8-sig", "utf-16", "cp1252"])
            csv = text.to_csv(index=bool(draw.integers(2)), sep=str(draw.choice([*",;\t|"])))
            content = csv.encode(str(encoding))
            path.write_bytes(gzip.compress(content) if draw.integers(2) else content)
    return path
