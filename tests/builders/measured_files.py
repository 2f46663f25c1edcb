"""Builders: files to be measured, and what is measured of them."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from fairness_audit.cli.measure.results import results
from fairness_audit.steps.measure.counting.input_file import InputFile
from fairness_audit.steps.measure.counting.plan import Compat, Plan

Result = dict[str, Any]


def a_file(folder: Path, columns: Mapping[str, Sequence[object]]) -> Path:
    """A CSV file with these columns."""
    path = folder / "given.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return path


def counted(groups: Mapping[tuple[str, ...], tuple[int, int]]) -> list[tuple[Any, ...]]:
    """Rows of groups, so many with 1 and so many with 0 as their last cell."""
    return [
        (*group, bit)
        for group, (ones, zeros) in groups.items()
        for bit, times in ((1, ones), (0, zeros))
        for _ in range(times)
    ]


class MeasuredFile:
    """What is measured of a file whose columns are named by the parts they play."""

    def __init__(
        self,
        folder: Path,
        rows: Iterable[Sequence[object]],
        columns: str,
        *,
        references: Mapping[str, str] | None = None,
        intersections: Iterable[tuple[str, ...]] = (),
        resamples: int = 0,
        compat: Compat | None = None,
        selected_is_favourable: bool = True,
        depth: int = 0,
    ) -> None:
        """``columns`` names them in order: `attr_x`, `stratum_x`, `feature_x`, and plain parts."""
        names = columns.split()
        path = a_file(folder, dict(zip(names, zip(*rows, strict=True), strict=True)))
        attributes = tuple(name for name in names if name.startswith("attr_"))
        strata = tuple(name for name in names if name.startswith("stratum_"))
        features = tuple(name for name in names if name.startswith("feature_"))
        plain = [name for name in names if name not in (*attributes, *strata, *features)]
        input_file = InputFile(
            path=path,
            attributes=attributes,
            strata=strata,
            features=features,
            **{name: name for name in plain},
        )
        groupings = {name: (name,) for name in attributes}
        groupings |= {"*".join(each): tuple(each) for each in intersections}
        plan = Plan(
            groupings=groupings,
            references=dict(references or {}),
            strata=strata,
            selected_is_favourable=selected_is_favourable,
            columns=input_file.columns,
            resamples=resamples,
            compat=compat,
            itself=True,
            subgroup_depth=depth,
        )
        self.all = list(results(input_file, plan))

    def one(self, metric: str, group: str, **where: Any) -> Result:
        """The only result of a metric, by name or code, for a group (and, unless named, no
        stratum)."""
        found = self.those(metric, group=group, **where)
        assert len(found) == 1, f"{len(found)} results of {metric} for {group} with {where}"
        return found[0]

    def value(self, metric: str, group: str, **where: Any) -> float:
        """Its value."""
        value = self.one(metric, group, **where)["value"]
        assert value is not None
        return float(value)

    def those(self, metric: str, **where: Any) -> list[Result]:
        """The results of a metric that have these values."""
        where = {"stratum": None} | where
        return [
            each
            for each in self.all
            if metric in (each["metric"], each["code"])
            and all(each[key] == value for key, value in where.items())
        ]
