"""Published numbers that ours must equal, each measured by the whole step on its own input.

The letters are those of the sections of the project's list of published numbers. Where only
rounded values are published, they are compared to the printed digits, rounded half up.
"""

from collections.abc import Iterable, Iterator
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pyarrow.csv as csv
import pytest

from fairness_audit.records.finding import Verdict
from fairness_audit.statistics.proportions import Proportions
from fairness_audit.statistics.significance import fisher, z_statistics
from fairness_audit.steps.measure.counting.groups import Groups
from fairness_audit.steps.measure.metrics.representation import disagreements
from tests.builders.grouped import groups_of
from tests.builders.judging import about, judged, share
from tests.builders.populations import Measured, Row, decided, policy_over
from tests.builders.shared_data import shared_data


def printed(value: float | None, digits: int) -> str:
    """A value as a rule prints it, rounded half up."""
    assert value is not None
    exact = Decimal(repr(round(value, 12)))
    return str(exact.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP))


def z_of(x: int, n: int, y: int, m: int) -> float:
    return float(z_statistics(Proportions.of([x], [n]), Proportions.of([y], [m]))[0])


SEX = {"Male": (667, 1390, "1.00"), "Female": (555, 1181, "0.979")}
RACE = {
    "Hispanic": (204, 408, "0.97"),
    "White": (412, 797, "1.00"),
    "Black": (170, 390, "0.84"),
    "NHPI": (52, 119, "0.85"),
    "Asian": (302, 616, "0.95"),
    "AIAN": (18, 41, "0.85"),
    "Two+": (96, 213, "0.87"),
}
INTERSECTIONS = {
    "Male * Hispanic": (90, 205, "0.841"),
    "Male * White": (215, 412, "1.000"),
    "Male * Black": (95, 226, "0.806"),
    "Male * NHPI": (37, 87, "0.815"),
    "Male * Asian": (167, 321, "0.997"),
    "Male * AIAN": (11, 24, "0.878"),
    "Male * Two+": (52, 115, "0.866"),
    "Female * Hispanic": (82, 190, "0.827"),
    "Female * White": (197, 385, "0.981"),
    "Female * Black": (75, 164, "0.876"),
    "Female * NHPI": (15, 32, "0.898"),
    "Female * Asian": (135, 295, "0.877"),
    "Female * AIAN": (7, 17, "0.789"),
    "Female * Two+": (44, 98, "0.860"),
}
Table = dict[str, tuple[int, int, str]]


class TestC:
    """NYC Local Law 144, 6 RCNY 5-300 ff., the rule's own selection example."""

    def measured(self, folder: Path, attribute: str, table: Table) -> Measured:
        """One table of the rule: its groups, and the 250 applicants of unknown group."""
        rows = decided(100, 250, **{f"attr_{attribute}": "unknown"})
        for name, (selected, applicants, _) in table.items():
            rows += decided(selected, applicants, **{f"attr_{attribute}": name})
        return Measured(policy_over({attribute: next(iter(table))}), rows, folder)

    def crossed(self, folder: Path) -> Measured:
        rows: list[Row] = []
        for name, (selected, applicants, _) in INTERSECTIONS.items():
            sex, race = name.split(" * ")
            rows += decided(selected, applicants, attr_sex=sex, attr_race=race)
        policy = policy_over({"sex": "Male", "race": "White"}, intersections=[["sex", "race"]])
        return Measured(policy, rows, folder)

    @pytest.mark.parametrize(
        ("attribute", "table", "best"), [("sex", SEX, "Male"), ("race", RACE, "White")]
    )
    def test_impact_ratios(self, attribute: str, table: Table, best: str, tmp_path: Path) -> None:
        measured = self.measured(tmp_path, attribute, table)
        for group, (selected, applicants, ratio) in table.items():
            rate = measured.rate("selection_rate", group)
            assert (rate.numerator, rate.denominator) == (selected, applicants)
            if group != best:
                found = measured.ratio("impact_ratio", group, "best")
                assert found.reference == best
                assert printed(found.value, len(ratio) - 2) == ratio

    def test_impact_ratios_of_intersections(self, tmp_path: Path) -> None:
        measured = self.crossed(tmp_path)
        for group, (_, _, ratio) in INTERSECTIONS.items():
            if group != "Male * White":
                found = measured.ratio("impact_ratio", group, "best")
                assert found.reference == "Male * White"
                assert printed(found.value, 3) == ratio
        below = [
            each.group
            for each in measured.those(metric="impact_ratio", against="best")
            if each.value is not None and each.value < 0.8
        ]
        assert below == ["Female * AIAN"]

    def test_one_small_group_is_below_four_fifths_by_chance(self, tmp_path: Path) -> None:
        found = self.crossed(tmp_path).ratio("impact_ratio", "Female * AIAN", "reference")
        assert (found.low, found.high) == pytest.approx((0.444, 1.403), abs=5e-4)
        assert found.method == "katz, z"
        assert found.p_value == pytest.approx(0.373, abs=5e-4)
        assert z_of(7, 17, 215, 412) == pytest.approx(-0.890, abs=5e-4)

    def test_one_large_group_is_above_four_fifths_yet_significant(self, tmp_path: Path) -> None:
        measured = self.measured(tmp_path, "race", RACE)
        found = measured.ratio("impact_ratio", "Black", "best")
        assert found.value == pytest.approx(0.8432, abs=5e-5)
        assert (found.low, found.high) == pytest.approx((0.739, 0.962), abs=5e-4)
        assert found.p_value == pytest.approx(0.0087, abs=5e-5)
        assert z_of(170, 390, 412, 797) == pytest.approx(-2.623, abs=5e-4)

    def test_exact_tests(self) -> None:
        assert fisher(7, 17, 215, 412) == pytest.approx(0.461, abs=5e-4)
        assert fisher(170, 390, 412, 797) == pytest.approx(0.00943, abs=5e-6)


class TestE:
    """Four-fifths, exactly: the measurement keeps the whole numbers that decide it."""

    def below(self, measured: Measured) -> list[str]:
        found = measured.those(metric="impact_ratio", against="best")
        return [
            m.group
            for m in found
            if 5 * m.numerator * (m.reference_denominator or 0)
            < 4 * (m.reference_numerator or 0) * m.denominator
        ]

    def test_the_eeoc_example(self, tmp_path: Path) -> None:
        rates = {"White": 60, "American Indian": 45, "Hispanic": 48, "Black": 51}
        rows = [row for name, x in rates.items() for row in decided(x, 100, attr_race=name)]
        measured = Measured(policy_over({"race": "White"}), rows, tmp_path)
        ratios = {
            name: printed(measured.ratio("impact_ratio", name, "best").value, 2)
            for name in rates
            if name != "White"
        }
        assert ratios == {"American Indian": "0.75", "Hispanic": "0.80", "Black": "0.85"}
        assert self.below(measured) == ["American Indian"]

    @pytest.mark.parametrize(
        ("x", "n", "y", "m"), [(1, 12, 5, 48), (2, 3, 5, 6), (3, 5, 3, 4), (4, 7, 5, 7)]
    )
    def test_boundary_pairs(self, x: int, n: int, y: int, m: int, tmp_path: Path) -> None:
        rows = [*decided(x, n, attr_race="A"), *decided(y, m, attr_race="B")]
        policy = policy_over({"race": "B"}, min_group_size=1)
        measured = Measured(policy, rows, tmp_path)
        assert measured.ratio("impact_ratio", "A", "best").value == pytest.approx(0.8)
        assert self.below(measured) == []


def test_f_aequitas_ten_rows(tmp_path: Path) -> None:
    rows = [
        {"outcome": y == "1", "selected": p == "1", "attr_class": g}
        for y, p, g in zip("1111100000", "1001110011", "HLHLHLHLHL", strict=True)
    ]
    measured = Measured(policy_over({"class": "H"}), rows, tmp_path)
    ratios = {
        metric: measured.ratio(metric, "L", "reference").value
        for metric in [
            *("false_negative_rate", "false_positive_rate", "false_omission_rate"),
            *("false_discovery_rate", "selection_rate"),
        ]
    }
    assert ratios == pytest.approx(
        {
            "false_negative_rate": 1.5,
            "false_positive_rate": 4 / 3,
            "false_omission_rate": 1.0,
            "false_discovery_rate": 2.0,
            "selection_rate": 1.0,
        }
    )


COMPAS = {  # n, selected, tp, fp, tn, fn
    "African-American": (3696, 2174, 1369, 805, 990, 532),
    "Caucasian": (2454, 854, 505, 349, 1139, 461),
}


@pytest.fixture(scope="module")
def compas(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    table = csv.read_csv(shared_data("compas", "compas_for_aequitas.csv"))
    rows = [
        {"attr_race": race, "selected": score == 1.0, "outcome": label == 1}
        for race, score, label in zip(
            *(table[name].to_pylist() for name in ("race", "score", "label_value")),
            strict=True,
        )
    ]
    policy = policy_over({"race": "Caucasian"}, favourable="not_selected", min_group_size=30)
    return Measured(policy, rows, tmp_path_factory.mktemp("compas"))


class TestG:
    """COMPAS as Aequitas ships it."""

    def test_totals(self, compas: Measured) -> None:
        assert (compas.file.population_rows, compas.file.selected_rows) == (7214, 3317)
        assert compas.rate("base_rate", "overall").numerator == 3251

    @pytest.mark.parametrize("group", COMPAS)
    def test_counts(self, compas: Measured, group: str) -> None:
        n, selected, tp, fp, tn, fn = COMPAS[group]
        expected = {
            "selection_rate": (selected, n),
            "false_positive_rate": (fp, fp + tn),
            "false_negative_rate": (fn, fn + tp),
            "false_discovery_rate": (fp, fp + tp),
            "false_omission_rate": (fn, fn + tn),
        }
        for metric, counts in expected.items():
            rate = compas.rate(metric, group)
            assert (rate.numerator, rate.denominator) == counts

    @pytest.mark.parametrize(
        ("group", "metric", "value"),
        [
            ("African-American", "false_positive_rate", 0.448468),
            ("African-American", "false_negative_rate", 0.279853),
            ("African-American", "false_discovery_rate", 0.370285),
            ("African-American", "false_omission_rate", 0.349540),
            ("African-American", "selection_rate", 0.588203),
            ("Caucasian", "false_positive_rate", 0.234543),
            ("Caucasian", "false_negative_rate", 0.477226),
            ("Caucasian", "false_discovery_rate", 0.408665),
            ("Caucasian", "false_omission_rate", 0.288125),
            ("Caucasian", "selection_rate", 0.348003),
            ("Hispanic", "false_positive_rate", 0.214815),
            ("Other", "false_positive_rate", 0.147541),
            ("Asian", "false_positive_rate", 0.086957),
            ("Native American", "false_positive_rate", 0.375),
        ],
    )
    def test_rates(self, compas: Measured, group: str, metric: str, value: float) -> None:
        assert compas.rate(metric, group).value == pytest.approx(value, abs=5e-7)

    @pytest.mark.parametrize(
        ("metric", "ratio", "p_value", "tolerance"),
        [
            ("false_positive_rate", 1.912093, 2.11e-37, 5e-3),
            ("false_negative_rate", 0.586416, 8.79e-26, 5e-3),
            ("false_discovery_rate", 0.906085, 0.05037, 2e-4),
            ("false_omission_rate", 1.213154, 2.31e-4, 5e-3),
            ("selection_rate", 1.690224, None, None),
        ],
    )
    def test_disparities_each_on_its_own_denominators(
        self,
        compas: Measured,
        metric: str,
        ratio: float,
        p_value: float | None,
        tolerance: float | None,
    ) -> None:
        found = compas.ratio(metric, "African-American", "reference")
        assert found.value == pytest.approx(ratio, abs=5e-7)
        if p_value is not None:
            assert found.p_value == pytest.approx(p_value, rel=tolerance)

    def test_interval_and_exact_test_of_the_false_positive_rate(self, compas: Measured) -> None:
        found = compas.ratio("false_positive_rate", "African-American", "reference")
        assert (found.low, found.high) == pytest.approx((1.7212, 2.1241), abs=5e-5)
        assert fisher(805, 1795, 349, 1488) == pytest.approx(5.07e-38, rel=1e-3)

    @pytest.mark.parametrize(
        ("group", "value"),
        [
            ("African-American", 0.520964),
            ("Caucasian", 0.824842),
            ("Native American", 0.421700),
        ],
    )
    def test_being_flagged_is_unfavourable(
        self, compas: Measured, group: str, value: float
    ) -> None:
        found = compas.ratio("impact_ratio", group, "best")
        assert found.reference == "Other"
        assert found.value == pytest.approx(value, abs=5e-7)


@pytest.fixture(scope="module")
def guide(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    rows = [
        {"outcome": y == "1", "selected": p == "1", "attr_s": s}
        for y, p, s in zip(
            "011110101000111111",
            "001011100111100110",
            "bbabbcccaacabccbcc",
            strict=True,
        )
    ]
    policy = policy_over({"s": "a"}, min_group_size=1)
    return Measured(policy, rows, tmp_path_factory.mktemp("guide"))


GUIDE = {
    "true_positive_rate": {"overall": 1 / 2, "a": 1 / 2, "b": 3 / 5, "c": 2 / 5},
    "false_positive_rate": {"overall": 2 / 3, "a": 1, "b": 0, "c": 2 / 3},
    "selection_rate": {"overall": 5 / 9, "a": 3 / 4, "b": 1 / 2, "c": 1 / 2},
}


class TestH:
    """Fairlearn's user guide, `perform_fairness_assessment.rst`."""

    @pytest.mark.parametrize("metric", GUIDE)
    def test_rates(self, guide: Measured, metric: str) -> None:
        found = {group: guide.rate(metric, group).value for group in GUIDE[metric]}
        assert found == pytest.approx(GUIDE[metric])

    @pytest.mark.parametrize(
        ("metric", "difference", "ratio"),
        [
            ("true_positive_rate", 0.2, 2 / 3),
            ("false_positive_rate", 1.0, None),  # Fairlearn: 0. A rate of 0 has no ratio to it.
            ("selection_rate", 0.25, 2 / 3),  # the demographic parity difference and ratio
        ],
    )
    def test_between_groups(
        self, guide: Measured, metric: str, difference: float, ratio: float | None
    ) -> None:
        found = guide.those(metric=metric, against="best", comparison="difference")
        assert largest(each.value for each in found) == pytest.approx(difference)
        found = guide.those(metric=metric, against="best", comparison="ratio")
        ratios = [each.value for each in found]
        assert ratios == [None, None] if ratio is None else min(ratios) == pytest.approx(ratio)

    @pytest.mark.parametrize(
        ("metric", "difference", "ratio"),
        [
            ("true_positive_rate", 0.1, 0.8),
            ("false_positive_rate", 2 / 3, 0.0),
            ("selection_rate", 0.194444, 0.740741),
        ],
    )
    def test_to_overall(
        self, guide: Measured, metric: str, difference: float, ratio: float
    ) -> None:
        found = guide.those(metric=metric, against="overall", comparison="difference")
        assert largest(each.value for each in found) == pytest.approx(difference, abs=5e-7)
        found = guide.those(metric=metric, against="overall", comparison="ratio")
        # Fairlearn turns each ratio so that it is at most 1, then takes the smallest.
        turned = [min(r, 1 / r) if r else 0.0 for r in defined(each.value for each in found)]
        assert min(turned) == pytest.approx(ratio, abs=5e-7)


def defined(values: Iterable[float | None]) -> Iterator[float]:
    return (value for value in values if value is not None)


def largest(values: Iterable[float | None]) -> float:
    return max(abs(value) for value in defined(values))


ADMITTED = {  # admitted and rejected men, admitted and rejected women
    "A": (512, 313, 89, 19),
    "B": (353, 207, 17, 8),
    "C": (120, 205, 202, 391),
    "D": (138, 279, 131, 244),
    "E": (53, 138, 94, 299),
    "F": (22, 351, 24, 317),
}


@pytest.fixture(scope="module")
def berkeley(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    rows: list[Row] = []
    for department, (a, b, c, d) in ADMITTED.items():
        place = {"stratum_department": department}
        rows += decided(a, a + b, attr_gender="men", **place)
        rows += decided(c, c + d, attr_gender="women", **place)
    policy = policy_over({"gender": "men"}, strata=["department"])
    return Measured(policy, rows, tmp_path_factory.mktemp("berkeley"))


class TestConsistencyOfC:
    """The rule's own tables do not count the same people."""

    @staticmethod
    def grouped(attribute: str, table: Table, unknown: int = 0) -> Groups:
        counts = {name: share(selected, n) for name, (selected, n, _) in table.items()}
        if unknown:
            counts["unknown"] = share(0, unknown)
        return groups_of(counts, attribute=attribute)

    def test_it_is_said_where(self) -> None:
        found = list(
            disagreements(
                [
                    self.grouped("sex", SEX),
                    self.grouped("race", RACE),
                    self.grouped("sex*race", INTERSECTIONS),
                ]
            )
        )
        assert "sex counts 2,571 rows, race 2,584" in found
        assert "race Hispanic counts 408 rows, its parts in sex*race 395" in found
        assert not any(each.startswith("sex counts 2,571 rows, sex*race") for each in found)

    def test_people_of_whom_a_part_is_unknown_are_missing_from_the_parts(self) -> None:
        sexes = {"F": share(5, 10), "M": share(5, 10)}
        joint = {"F * a": share(5, 9), "M * a": share(5, 10), "unknown": share(0, 1)}
        single = groups_of(sexes, attribute="sex")
        assert not list(disagreements([single, groups_of(joint, attribute="sex*race")]))
        joint = {"F * a": share(5, 11), "M * a": share(5, 8), "unknown": share(0, 1)}
        (found,) = disagreements([single, groups_of(joint, attribute="sex*race")])
        assert found == "sex F counts 10 rows, its parts in sex*race 11"

    def test_groups_under_two_per_cent(self, tmp_path: Path) -> None:
        small = {name: n / 2571 for name, (_, n, _) in INTERSECTIONS.items() if n / 2571 < 0.02}
        rows: list[Row] = []
        for name, (selected, n, _) in INTERSECTIONS.items():
            sex, race = name.split(" * ")
            rows += decided(selected, n, attr_sex=sex, attr_race=race)
        policy = policy_over({"sex": "Male", "race": "White"}, intersections=[["sex", "race"]])
        shares = {
            each.group: each.value
            for each in Measured(policy, rows, tmp_path).those(
                metric="population_share", attribute="sex*race"
            )
        }
        assert {name: each for name, each in shares.items() if each and each < 0.02} == (
            pytest.approx(small)
        )
        assert shares["Female * AIAN"] == pytest.approx(0.0066, abs=5e-5)
        assert shares["Male * AIAN"] == pytest.approx(0.0093, abs=5e-5)
        assert shares["Female * NHPI"] == pytest.approx(0.0124, abs=5e-5)


class TestJ:
    """UC Berkeley admissions 1973: a gap that differs by department."""

    def test_that_the_gap_differs_is_a_finding_that_names_where(self, berkeley: Measured) -> None:
        policy = policy_over({"gender": "men"}, strata=["department"])
        finding = about(judged(policy, berkeley.all), kind="reversal")
        assert (finding.verdict, finding.at_gate) == (Verdict.WARN, "allow")
        assert finding.sentence == (
            "How much more or less often group women (gender) is selected than group men differs"
            " by department (Breslow-Day and Woolf, adjusted p = 0.00343): in A 20.3 points more"
            " often, elsewhere (4) within chance. Over everybody group women (gender) is selected"
            " 14.2 percentage points less often than group men (adjusted p < 0.001), which says"
            " nothing of any one department. Too sparse to be told by themselves: 1 of 6 values of"
            " department."
        )

    def test_overall_women_are_admitted_less(self, berkeley: Measured) -> None:
        found = berkeley.ratio("impact_ratio", "women", "reference")
        assert found.value == pytest.approx(0.681830, abs=5e-7)
        found = berkeley.difference("selection_rate", "women", "reference")
        assert found.value == pytest.approx(-0.141645, abs=5e-7)

    def test_in_most_departments_they_are_admitted_more(self, berkeley: Measured) -> None:
        ratios = {
            d: berkeley.ratio("impact_ratio", "women", "reference", stratum=f"department={d}")
            for d in ADMITTED
        }
        assert [d for d, found in ratios.items() if (found.value or 0) > 1] == ["A", "B", "D", "F"]
        assert ratios["A"].value == pytest.approx(89 / 108 / (512 / 825))


def test_k_intervals_and_z(tmp_path: Path) -> None:
    rows = [
        *decided(56, 70, attr_g="a"),
        *decided(48, 80, attr_g="b"),
        *decided(7, 17, attr_g="c"),
    ]
    measured = Measured(policy_over({"g": "b"}), rows, tmp_path)
    rate = measured.rate("selection_rate", "c")
    assert (rate.low, rate.high) == pytest.approx((0.216111, 0.639946), abs=5e-7)
    difference = measured.difference("selection_rate", "a", "reference")
    assert difference.value == pytest.approx(0.2)
    assert (difference.low, difference.high) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert z_of(3, 4, 2, 6) == pytest.approx(1.290994449, abs=5e-10)
