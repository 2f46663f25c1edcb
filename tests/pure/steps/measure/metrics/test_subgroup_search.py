"""The subgroup that is worst off is found, and the search for it is paid for."""

from pathlib import Path

import numpy as np

from tests.builders.measured_files import MeasuredFile
from tests.builders.populations import Measured, decided, policy_over

SEARCH = {"depth": 2, "threshold": "4/5", "severity": "fail"}
RULES = [{"id": "r", "metric": "impact_ratio", "compare": "ratio", "threshold": "1/100"}]


def rows_with(worst: int) -> list[dict[str, object]]:
    """Four subgroups of 500, of which 250 each are selected, but of women in the north fewer."""
    return [
        dict(row)
        for gender in "FM"
        for region in ("north", "south")
        for row in decided(worst if (gender, region) == ("F", "north") else 250, 500,
                           attr_gender=gender, attr_region=region)
    ]  # fmt: skip


def searched(worst: int, folder: Path, **changes: object) -> Measured:
    policy = policy_over(
        {"gender": "M", "region": "south"}, subgroup_search=SEARCH | changes, rules=RULES
    )
    return Measured(policy, rows_with(worst), folder)


def test_the_worst_off_is_named_with_the_number_looked_at(tmp_path: Path) -> None:
    found = searched(150, tmp_path).one(metric="worst_subgroup_impact_ratio")
    assert (found.attribute, found.group, found.reference) == (
        "gender*region",
        "F * north",
        "rest",
    )
    assert (found.numerator, found.denominator) == (150, 500)
    assert (found.reference_numerator, found.reference_denominator) == (750, 1500)
    assert found.method.endswith("bonferroni over 8 subgroups")


def test_without_the_policy_asking_nothing_is_searched(tmp_path: Path) -> None:
    measured = Measured(policy_over({"gender": "M"}), decided(3, 9, attr_gender="F"), tmp_path)
    assert not measured.those(metric="worst_subgroup_impact_ratio")


def test_among_alike_the_search_finds_nothing_more_often_than_stated(tmp_path: Path) -> None:
    """Three attributes of three values: 63 subgroups. A bare test of the worst would always."""
    random = np.random.default_rng(3)
    found = []
    for _ in range(60):
        values = random.integers(0, 3, (3, 1500))
        rows = list(zip(*values.tolist(), random.integers(0, 2, 1500).tolist(), strict=True))
        measured = MeasuredFile(tmp_path, rows, "attr_a attr_b attr_c selected", depth=3)
        (worst,) = [each for each in measured.all if each["metric"].startswith("worst_subgroup")]
        found.append(worst["p_value"] < 0.05)
    assert np.mean(found) <= 0.13  # 0.05 and 2.8 standard errors
