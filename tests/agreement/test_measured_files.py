"""Published numbers, measured of files that hold their published inputs."""

import math
from pathlib import Path
from typing import ClassVar

import pytest

from fairness_audit.steps.measure.counting.plan import Compat
from tests.builders.measured_files import MeasuredFile, counted

CLARIFY = list(
    zip("MFFMFMFFMMFF", map(int, "011110001000"), map(int, "111000110100"), strict=True)
)


def approx(value: float) -> object:
    return pytest.approx(value, rel=1e-9, abs=1e-12)


class TestClarify:
    """Amazon SageMaker Clarify's twelve rows: `tests/unit/bias/metrics/test_metrics.py`."""

    BY_CODE: ClassVar = {
        "CI": -1 / 6,
        "DPL": -0.2 / 7,
        "DPPL": -1.2 / 7,
        "DI": 10 / 7,
        "DCA": 1 / 4,
        "DCR": 1 / 3,
        "RD": -2 / 3,
        "SD": 1 / 6,
        "DAR": -1 / 2,
        "DRR": 1 / 3,
        "AD": -13 / 35,
        "TE": -1 / 2,
    }

    @pytest.mark.parametrize("code", BY_CODE)
    def test_facet_f(self, code: str, tmp_path: Path) -> None:
        measured = MeasuredFile(tmp_path, CLARIFY, "attr_g outcome selected")
        assert measured.value(code, "F") == approx(self.BY_CODE[code])
        other = 7 / 10 if code == "DI" else -self.BY_CODE[code]
        assert measured.value(code, "M") == approx(other)

    def test_generalized_entropy_is_that_of_both_sides_together(self, tmp_path: Path) -> None:
        measured = MeasuredFile(tmp_path, CLARIFY, "attr_g outcome selected")
        for group in ("F", "M"):
            assert measured.value("GE", group) == approx(0.24556213017751485)
        assert measured.value("total_generalized_entropy", "overall") == approx(
            0.24556213017751485
        )

    def test_with_a_named_reference_the_other_side_is_that_group(self, tmp_path: Path) -> None:
        measured = MeasuredFile(
            tmp_path, CLARIFY, "attr_g outcome selected", references={"attr_g": "M"}
        )
        assert measured.one("DPL", "F")["reference"] == "M"
        assert measured.those("DPL", group="M") == []

    def test_divergence_is_never_negative_unless_clarify_is_followed(self, tmp_path: Path) -> None:
        rows = list(zip("dabbbb", [1, 1, 1, 0, 0, 0], strict=True))
        ours = MeasuredFile(tmp_path, rows, "attr_g outcome")
        # a has both labels, d only one: nothing can bound how surprised d would be.
        assert ours.one("KL", "d")["value"] is None
        theirs = MeasuredFile(tmp_path, rows, "attr_g outcome", compat=Compat.SMCLARIFY)
        assert theirs.value("KL", "d") == approx(2 / 5 * math.log(2 / 5))
        assert theirs.value("KL", "d") == pytest.approx(-0.366516, abs=5e-7)

    def test_distances_are_over_common_labels_where_clarify_is_followed(
        self, tmp_path: Path
    ) -> None:
        """Its `pdfs_aligned_nonzero` leaves out a label that one side has not."""
        rows = list(zip("dabbbb", [1, 1, 1, 0, 0, 0], strict=True))
        theirs = MeasuredFile(tmp_path, rows, "attr_g outcome", compat=Compat.SMCLARIFY)
        # Of d all are true; of the others two fifths.
        a, d = 2 / 5, 1.0
        middle = (a + d) / 2
        expected = {
            "JS": (a * math.log(a / middle) + d * math.log(d / middle)) / 2,
            "LP": d - a,
            "TVD": (d - a) / 2,
            "KS": d - a,
        }
        for code, value in expected.items():
            found = theirs.one(code, "d")
            assert found["value"] == approx(value), code
        assert theirs.one("LP", "d")["low"] is None  # an interval of ours would be of another
        ours = MeasuredFile(tmp_path, rows, "attr_g outcome")
        assert ours.value("LP", "d") == approx(math.sqrt(2) * (d - a))
        columns = "attr_g outcome selected"
        full = MeasuredFile(tmp_path, CLARIFY, columns, compat=Compat.SMCLARIFY)
        plain = MeasuredFile(tmp_path, CLARIFY, columns)
        for code in expected:
            assert full.value(code, "F") == approx(plain.value(code, "F"))
        nothing = [("d", 1), ("a", 0)]
        none = MeasuredFile(tmp_path, nothing, "attr_g outcome", compat=Compat.SMCLARIFY)
        assert [none.one(code, "d")["value"] for code in expected] == [None] * 4

    def test_zero_by_zero_is_undefined_unless_clarify_is_followed(self, tmp_path: Path) -> None:
        rows = [*zip("aabb", [0, 0, 0, 0], strict=True)]
        assert MeasuredFile(tmp_path, rows, "attr_g selected").one("DI", "a")["value"] is None
        theirs = MeasuredFile(tmp_path, rows, "attr_g selected", compat=Compat.SMCLARIFY)
        assert theirs.value("DI", "a") == 0.0

    def test_conditional_demographic_disparity(self, tmp_path: Path) -> None:
        rows = zip(
            "MMMFFFFMMMMFMMFMFFMMFMMF",
            map(int, "011010111101110000100110"),
            "102211211201201112010011",
            strict=True,
        )
        measured = MeasuredFile(tmp_path, list(rows), "attr_x outcome stratum_s")
        where = {"stratum": "stratum_s"}
        assert measured.value("CDDL", "F", **where) == approx(0.3982142857142857)
        assert measured.value("CDDL", "M", **where) == approx(-0.3982142857142857)


class TestFairlearn:
    """The user guide's eighteen rows: `perform_fairness_assessment.rst`."""

    ROWS: ClassVar = list(
        zip(
            "bbabbcccaacabccbcc",
            map(int, "011110101000111111"),
            map(int, "001011100111100110"),
            strict=True,
        )
    )

    @pytest.fixture
    def measured(self, tmp_path: Path) -> MeasuredFile:
        return MeasuredFile(tmp_path, self.ROWS, "attr_s outcome selected")

    @pytest.mark.parametrize(
        ("group", "tpr", "fpr", "rate"),
        [("a", 0.5, 1, 0.75), ("b", 0.6, 0, 0.5), ("c", 0.4, 2 / 3, 0.5),
         ("overall", 0.5, 2 / 3, 5 / 9)],
    )  # fmt: skip
    def test_groups(
        self, measured: MeasuredFile, group: str, tpr: float, fpr: float, rate: float
    ) -> None:
        assert measured.value("TPR", group) == approx(tpr)
        assert measured.value("FPR", group) == approx(fpr)
        assert measured.value("selection_rate", group) == approx(rate)

    @pytest.mark.parametrize(
        ("metric", "difference", "ratio", "to_overall", "ratio_to_overall"),
        [("true_positive_rate", 0.2, 2 / 3, 0.1, 0.8), ("false_positive_rate", 1, 0, 2 / 3, 0),
         ("selection_rate", 0.25, 2 / 3, 7 / 36, 20 / 27)],
    )  # fmt: skip
    def test_disparities(
        self, measured: MeasuredFile, metric: str, difference: float, ratio: float,
        to_overall: float, ratio_to_overall: float,
    ) -> None:  # fmt: skip
        def only(name: str) -> float:
            (found,) = measured.those(f"{metric}_{name}")
            return float(found["value"])

        assert only("difference_between_groups") == approx(difference)
        assert only("ratio_between_groups") == approx(ratio)
        assert only("difference_worst_to_overall") == approx(to_overall)
        assert only("ratio_worst_to_overall") == approx(ratio_to_overall)

    def test_named_disparities(self, measured: MeasuredFile) -> None:
        def only(name: str) -> float:
            (found,) = measured.those(name)
            return float(found["value"])

        assert only("demographic_parity_difference") == approx(0.25)
        assert only("demographic_parity_ratio") == approx(2 / 3)
        assert only("equalized_odds_difference") == approx(1)
        assert only("equalized_odds_ratio") == 0
        assert only("equalized_odds_difference_mean") == approx(0.6)

    def test_the_worst_pair_is_named(self, measured: MeasuredFile) -> None:
        (found,) = measured.those("true_positive_rate_difference_between_groups")
        assert (found["group"], found["reference"], found["n"]) == ("c", "b", 8)


class TestAequitas:
    """The ten rows of `tests/test_artifacts/test_bias_report/test_1.csv`."""

    ROWS: ClassVar = list(
        zip("HLHLHLHLHL", map(int, "1111100000"), map(int, "1001110011"), strict=True)
    )

    @pytest.fixture
    def measured(self, tmp_path: Path) -> MeasuredFile:
        return MeasuredFile(
            tmp_path, self.ROWS, "attr_class outcome selected", references={"attr_class": "H"}
        )

    @pytest.mark.parametrize(
        ("rate", "ratio", "parity"),
        [("false_negative_rate", 1.5, 0), ("false_positive_rate", 4 / 3, 0),
         ("false_omission_rate", 1, 1), ("false_discovery_rate", 2, 0), ("selection_rate", 1, 1)],
    )  # fmt: skip
    def test_low_against_high(
        self, measured: MeasuredFile, rate: str, ratio: float, parity: int
    ) -> None:
        assert measured.value(f"{rate}_ratio", "L") == approx(ratio)
        assert measured.value(f"{rate}_parity", "L") == parity

    def test_share_of_the_selected_depends_on_size(self, measured: MeasuredFile) -> None:
        assert measured.value("PPR", "L") == approx(0.5)
        assert measured.value("share_of_selected_ratio", "L") == approx(1)
        assert measured.value("share_of_selected_parity", "L") == 1

    def test_roll_ups(self, measured: MeasuredFile) -> None:
        assert measured.value("type_i_parity", "L") == 0
        assert measured.value("type_ii_parity", "L") == 0
        assert measured.value("supervised_fairness", "L") == 0
        assert measured.value("unsupervised_fairness", "L") == 1


class TestLift:
    """LinkedIn's LiFT, from its unit tests."""

    def test_rates_and_gaps(self, tmp_path: Path) -> None:
        rows = counted({("MALE",): (345, 123), ("FEMALE",): (567, 89), ("U",): (25, 70)})
        measured = MeasuredFile(tmp_path, rows, "attr_g selected", references={"attr_g": "U"})
        assert measured.value("SR", "FEMALE") == pytest.approx(0.86433, abs=5e-6)
        assert measured.value("SPD", "FEMALE") == pytest.approx(0.60117, abs=5e-6)
        assert measured.value("SPD", "MALE") == pytest.approx(0.47402, abs=5e-6)

    def test_benefit_map(self, tmp_path: Path) -> None:
        rows = counted({("a",): (18, 2), ("b",): (15, 5), ("c",): (12, 8)})
        measured = MeasuredFile(tmp_path, rows, "attr_g selected")

        def only(name: str) -> float:
            return measured.value(name, "overall")

        assert only("benefit_generalized_entropy") == pytest.approx(0.0133333, abs=5e-8)
        assert only("benefit_theil_t") == approx(0.013423675700459214)
        assert only("benefit_theil_l") == pytest.approx(0.013607331507, abs=5e-13)
        assert only("benefit_atkinson") == approx(1 - math.exp(-only("benefit_theil_l")))

    def test_divergences_have_base_two_when_lift_is_followed(self, tmp_path: Path) -> None:
        rows = counted({("a",): (7, 1), ("b",): (3, 5)})
        ours = MeasuredFile(tmp_path, rows, "attr_g outcome").value("JS", "b")
        theirs = MeasuredFile(tmp_path, rows, "attr_g outcome", compat=Compat.LIFT)
        assert theirs.value("JS", "b") == approx(ours / math.log(2))
        p, q = (8 / 10, 2 / 10), (4 / 10, 6 / 10)  # one more of each label
        expected = sum(x * math.log2(x / y) for x, y in zip(p, q, strict=True))
        assert theirs.value("KL", "b") == approx(expected)

    def test_precision_is_the_mean_over_lists_where_lift_is_followed(self, tmp_path: Path) -> None:
        """`StatsUtils.computePrecisionAtK`: 0 of a list in which a group is not within k."""
        rows = [
            ("one", 1, "a", 1), ("one", 2, "a", 0), ("one", 3, "b", 1),
            ("two", 1, "a", 1), ("two", 2, "b", 1), ("two", 3, "a", 1),
            ("six", 1, "b", 0), ("six", 2, "b", 0), ("six", 3, "a", 1),
        ]  # fmt: skip
        columns = "list rank attr_g outcome"
        ours = MeasuredFile(tmp_path, rows, columns)
        theirs = MeasuredFile(tmp_path, rows, columns, compat=Compat.LIFT)
        assert ours.value("P@k", "a", stratum="top=1") == 1
        expected = {
            "a": {"top=1": (1 + 1 + 0) / 3, "top=3": (1 / 2 + 1 + 1) / 3},
            "b": {"top=1": 0.0, "top=3": (1 + 1 + 0) / 3},
            "overall": {"top=1": (1 + 1 + 0) / 3, "top=3": (2 / 3 + 1 + 1 / 3) / 3},
        }
        for group, values in expected.items():
            for top, value in values.items():
                found = theirs.one("P@k", group, stratum=top)
                assert found["value"] == approx(value), (group, top)
                assert found["n"] == 3


class TestBerkeley:
    """Admissions of 1973 by department: men and women, admitted and rejected."""

    DEPARTMENTS: ClassVar = {
        "A": ((512, 313), (89, 19)),
        "B": ((353, 207), (17, 8)),
        "C": ((120, 205), (202, 391)),
        "D": ((138, 279), (131, 244)),
        "E": ((53, 138), (94, 299)),
        "F": ((22, 351), (24, 317)),
    }

    @pytest.fixture
    def measured(self, tmp_path: Path) -> MeasuredFile:
        rows = [
            (*row[:2], row[2], row[2])
            for department, (men, women) in self.DEPARTMENTS.items()
            for row in counted({("men", department): men, ("women", department): women})
        ]
        return MeasuredFile(tmp_path, rows, "attr_sex stratum_dept outcome selected")

    def test_over_all_departments_women_are_admitted_less(self, measured: MeasuredFile) -> None:
        assert measured.value("DI", "women") == pytest.approx(0.681830, abs=5e-7)
        assert measured.value("DPL", "women") == pytest.approx(0.141645, abs=5e-7)
        assert measured.value("DDL", "women") == pytest.approx(0.143826, abs=5e-7)

    def test_within_them_the_gap_differs_and_is_not_reversed(self, measured: MeasuredFile) -> None:
        where = {"stratum": "stratum_dept"}
        assert measured.value("CDDL", "women", **where) == pytest.approx(-0.019283, abs=5e-7)
        common = measured.one("MHRD", "women", **where)
        assert common["value"] > 0
        assert common["p_value"] == pytest.approx(0.217, abs=5e-4)
        assert measured.one("BD", "women", **where)["p_value"] == pytest.approx(0.002, abs=5e-4)
        # R 4.4, ?mantelhaen.test: Woolf's test of these tables has a p-value of 0.003.
        woolf = measured.one("woolf", "women", **where)["p_value"]
        assert woolf == pytest.approx(0.003, abs=5e-4)
        turned = measured.one("simpson_reversal", "women", **where)
        assert (turned["value"], turned["method"]) == (0, "differs by stratum")


class TestLocalLaw144:
    """NYC Local Law 144: the examples of 6 RCNY 5-300."""

    SEX: ClassVar = {"Male": (667, 1390, "1.00"), "Female": (555, 1181, "0.979")}
    RACE: ClassVar = {
        "Hispanic": (204, 408, "0.97"),
        "White": (412, 797, "1.00"),
        "Black": (170, 390, "0.84"),
        "NHPI": (52, 119, "0.85"),
        "Asian": (302, 616, "0.95"),
        "AIAN": (18, 41, "0.85"),
        "Two+": (96, 213, "0.87"),
    }

    @pytest.mark.parametrize("table", [SEX, RACE])
    def test_impact_ratios_are_to_the_best_group(
        self, table: dict[str, tuple[int, int, str]], tmp_path: Path
    ) -> None:
        rows = counted({(name,): (k, n - k) for name, (k, n, _) in table.items()})
        measured = MeasuredFile(tmp_path, rows, "attr_g selected")
        for name, (k, n, printed) in table.items():
            found = measured.one("impact_ratio", name)
            assert (found["numerator"], found["denominator"]) == (k, n)
            digits = len(printed) - 2
            assert f"{math.floor(found['value'] * 10**digits + 0.5) / 10**digits:.{digits}f}" == (
                printed
            )

    SCORING: ClassVar = {
        "Hispanic": (18, 28),
        "White": (15, 40),
        "Black": (16, 32),
        "NHPI": (5, 8),
        "Asian": (10, 24),
        "AIAN": (10, 16),
        "Two+": (10, 20),
    }

    def test_scoring_rates_are_strictly_above_the_median(self, tmp_path: Path) -> None:
        rows = [
            (name, 0.5 + i / 1000 if above else 0.5 - (i + 1) / 1000)
            for name, (k, n) in self.SCORING.items()
            for i, above in enumerate([True] * k + [False] * (n - k))
        ]
        measured = MeasuredFile(tmp_path, [*rows], "attr_g score")
        for name, (k, n) in self.SCORING.items():
            found = measured.one("scoring_rate", name)
            assert (found["numerator"], found["denominator"]) == (k, n)
        assert measured.value("scoring_rate", "Hispanic") == approx(18 / 28)
        assert measured.value("scoring_rate_impact_ratio", "White") == approx(
            (15 / 40) / (18 / 28)
        )
        assert measured.value("scoring_rate_impact_ratio", "Hispanic") == 1

    def test_those_at_the_median_are_not_above_it(self, tmp_path: Path) -> None:
        rows = list(zip("aabbb", [0.1, 0.5, 0.5, 0.5, 0.9], strict=True))
        measured = MeasuredFile(tmp_path, rows, "attr_g score")
        assert measured.value("scoring_rate", "a") == 0
        assert measured.value("scoring_rate", "b") == approx(1 / 3)


def test_two_sample_z(tmp_path: Path) -> None:
    rows = counted({("a",): (3, 1), ("b",): (2, 4)})
    assert MeasuredFile(tmp_path, rows, "attr_g selected").value("selection_z", "a") == approx(
        1.2909944487358056
    )


def test_exposure_by_position(tmp_path: Path) -> None:
    rows = list(zip("AAABBB", range(1, 7), strict=True))
    measured = MeasuredFile(tmp_path, rows, "attr_g rank", references={"attr_g": "A"})
    assert measured.value("exposure", "A") == pytest.approx(0.710310, abs=5e-7)
    assert measured.value("exposure", "B") == pytest.approx(0.391246, abs=5e-7)
    assert measured.value("exposure_ratio", "B") == pytest.approx(0.550810, abs=5e-7)


def test_weights_count_as_so_many_rows(tmp_path: Path) -> None:
    once = [("a", 1, 0, 3), ("a", 0, 1, 2), ("b", 1, 1, 1), ("b", 0, 0, 4), ("b", 0, 1, 2)]
    often = [row[:3] for row in once for _ in range(row[3])]
    weighted = MeasuredFile(tmp_path, once, "attr_g outcome selected weight")
    repeated = MeasuredFile(tmp_path, often, "attr_g outcome selected")
    for metric in ("SR", "TPR", "DI", "DPL", "GE", "AOD", "demographic_disparity_labels"):
        for group in ("a", "b"):
            ours, theirs = (each.one(metric, group)["value"] for each in (weighted, repeated))
            assert ours == (None if theirs is None else approx(theirs)), metric
    # But three rows of evidence are not seven.
    wide, narrow = (each.one("SR", "b") for each in (weighted, repeated))
    assert wide["high"] - wide["low"] > narrow["high"] - narrow["low"]
    assert (wide["n"], narrow["n"]) == (3, 7)


def test_the_bootstrap_gives_the_same_interval_again(tmp_path: Path) -> None:
    first, second = (
        MeasuredFile(tmp_path, CLARIFY * 20, "attr_g outcome selected", resamples=200).one(
            "TE", "F"
        )
        for _ in range(2)
    )
    assert first == second
    assert first["method"] == "bootstrap"
    assert first["low"] < first["value"] < first["high"]
