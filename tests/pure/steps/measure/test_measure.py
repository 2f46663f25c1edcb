"""The step as a whole: a population in Parquet in, measurements out."""

import math
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fairness_audit.errors import MeasurementError
from fairness_audit.policy.metrics import NAMES, Needs
from fairness_audit.records.measurement import Measurement
from fairness_audit.steps.measure import measure, read_measurements
from fairness_audit.steps.measure.catalogue import CATALOGUE
from fairness_audit.steps.measure.counting.counts import Counts
from fairness_audit.steps.measure.counting.scan import FILE, group_counts
from fairness_audit.steps.measure.figures.table import SCHEMA
from tests.builders.domain import a_policy
from tests.builders.populations import (
    SQL,
    Measured,
    Row,
    a_population,
    decided,
    policy_over,
    rows_of,
)

COLUMNS = ["attr_gender", "attr_age_band", "stratum_segment"]


def a_row(gender: str, age: str, segment: str, outcome: bool | None, selected: bool) -> Row:
    return {
        "attr_gender": gender,
        "attr_age_band": age,
        "stratum_segment": segment,
        "outcome": outcome,
        "selected": selected,
    }


def mixed_rows(n: int = 400) -> list[Row]:
    chance = random.Random(7)
    return [
        a_row(
            chance.choice(["F", "M", "unknown"]),
            chance.choice(["18-29", "30-49", "50+", "unknown"]),
            chance.choice(["smb", "enterprise"]),
            chance.choice([True, False, None]),
            chance.choice([True, False]),
        )
        for _ in range(n)
    ]


def test_rows_are_counted_once_in_every_grouping(tmp_path: Path) -> None:
    measured = Measured(a_policy(), mixed_rows(), tmp_path)
    for attribute in ("overall", "gender", "age_band", "gender*age_band"):
        rates = measured.those(metric="selection_rate", attribute=attribute, comparison=None)
        assert sum(each.denominator for each in rates) == 400
    assert measured.file.population_rows == 400
    assert measured.file.rows == len(measured.all)


def test_a_rate_says_all_about_itself(tmp_path: Path) -> None:
    counts = Counts(tp=6, fp=3, fn=2, tn=5, selected_unlabelled=3, not_selected_unlabelled=1)
    measured = Measured(policy_over({"gender": "F"}), rows_of(counts, attr_gender="F"), tmp_path)
    found = measured.rate("true_positive_rate", "F")
    assert found == Measurement(
        metric="true_positive_rate",
        code="TPR",
        attribute="gender",
        group="F",
        numerator=6,
        denominator=8,
        value=0.75,
        low=found.low,
        high=found.high,
        p_value=None,
        n=20,
        method="clopper_pearson",
    )
    assert measured.rate("selection_rate", "F").value == 0.6  # all 20 rows
    assert measured.rate("base_rate", "F").denominator == 16  # the labelled ones


def test_a_disparity_says_all_about_itself(tmp_path: Path) -> None:
    rows = [*decided(30, 100, attr_gender="F"), *decided(60, 120, attr_gender="M")]
    measured = Measured(policy_over({"gender": "M"}), rows, tmp_path)
    found = measured.difference("selection_rate", "F", "reference")
    assert (found.reference, found.n, found.reference_n) == ("M", 100, 120)
    assert (found.numerator, found.denominator) == (30, 100)
    assert (found.reference_numerator, found.reference_denominator) == (60, 120)
    assert found.value == pytest.approx(-0.2)
    assert found.method == "newcombe, z"
    ratio = measured.ratio("impact_ratio", "F", "reference")
    assert (ratio.value, ratio.code, ratio.method) == (0.6, "AIR", "katz, z")
    assert ratio.p_value == found.p_value


def test_the_impact_ratio_is_only_a_ratio(tmp_path: Path) -> None:
    measured = Measured(a_policy(), mixed_rows(), tmp_path)
    assert {each.comparison for each in measured.those(metric="impact_ratio")} == {"ratio"}


def test_unfavourable_selection_turns_the_impact_ratio_around(tmp_path: Path) -> None:
    rows = [*decided(30, 100, attr_gender="F"), *decided(60, 120, attr_gender="M")]
    policy = policy_over({"gender": "M"}, favourable="not_selected")
    measured = Measured(policy, rows, tmp_path)
    found = measured.ratio("impact_ratio", "F", "reference")
    assert (found.numerator, found.reference_numerator) == (70, 60)
    assert found.value == pytest.approx(1.4)
    assert measured.ratio("selection_rate", "F", "reference").value == pytest.approx(0.6)
    assert measured.ratio("impact_ratio", "M", "best").reference == "F"


def test_unknown_has_rates_but_no_disparity(tmp_path: Path) -> None:
    measured = Measured(a_policy(), mixed_rows(), tmp_path)
    for grouping in ("gender", "gender*age_band"):
        unknown = measured.those(attribute=grouping, group="unknown")
        assert {each.comparison for each in unknown} == {None}
        assert len(unknown) == 12  # 11 rates and the share of the population
    assert not measured.those(reference="unknown")


def test_intersections_join_names_and_pool_the_unknown(tmp_path: Path) -> None:
    rows = [
        *decided(1, 4, attr_gender="F", attr_age_band="18-29"),
        *decided(2, 5, attr_gender="M", attr_age_band="30-49"),
        *decided(1, 2, attr_gender="unknown", attr_age_band="18-29"),
        *decided(1, 3, attr_gender="F", attr_age_band="unknown"),
    ]
    measured = Measured(a_policy(strata=[]), rows, tmp_path)
    rates = measured.those(attribute="gender*age_band", metric="selection_rate", comparison=None)
    assert [(each.group, each.numerator, each.denominator) for each in rates] == [
        ("F * 18-29", 1, 4),
        ("M * 30-49", 2, 5),
        ("unknown", 2, 5),
    ]
    assert measured.ratio("impact_ratio", "F * 18-29", "reference").reference == "M * 30-49"


def test_two_groups_of_one_name_are_an_error(tmp_path: Path) -> None:
    rows = [
        *decided(1, 4, attr_gender="F * a", attr_age_band="b"),
        *decided(1, 4, attr_gender="F", attr_age_band="a * b"),
    ]
    with pytest.raises(MeasurementError, match=r"both called 'F \* a \* b'"):
        Measured(a_policy(strata=[]), rows, tmp_path)


def test_strata_have_rates_and_the_selection_disparity(tmp_path: Path) -> None:
    rows = [
        *decided(10, 40, attr_gender="F", stratum_segment="smb"),
        *decided(20, 50, attr_gender="M", stratum_segment="smb"),
        *decided(9, 10, attr_gender="F", stratum_segment="enterprise"),
    ]
    policy = policy_over({"gender": "M"}, strata=["segment"])
    measured = Measured(policy, rows, tmp_path)
    smb = measured.ratio("impact_ratio", "F", "reference", stratum="segment=smb")
    assert smb.value == pytest.approx(10 / 40 / (20 / 50))
    assert measured.rate("selection_rate", "overall", stratum="segment=smb").denominator == 90
    # There are no men in the other stratum: rates, and nothing to compare with.
    other = measured.those(stratum="segment=enterprise")
    assert {each.comparison for each in other} == {None}


def test_zero_denominators_are_null_and_never_zero(tmp_path: Path) -> None:
    rows = [
        *rows_of(Counts(fp=2, tn=8), attr_gender="F"),  # no true outcome
        *rows_of(Counts(tp=4, fp=1, fn=4, tn=9), attr_gender="M"),
    ]
    measured = Measured(policy_over({"gender": "M"}), rows, tmp_path)
    rate = measured.rate("true_positive_rate", "F")
    assert (rate.numerator, rate.denominator, rate.value, rate.low) == (0, 0, None, None)
    for found in (
        measured.difference("true_positive_rate", "F", "reference"),
        measured.ratio("true_positive_rate", "F", "reference"),
    ):
        assert (found.value, found.low, found.high, found.p_value) == (None, None, None, None)
        assert (found.numerator, found.denominator) == (0, 0)
        assert (found.reference_numerator, found.reference_denominator) == (4, 8)
        assert found.method == "none"


def test_ratio_to_a_rate_of_zero_is_null_but_tested(tmp_path: Path) -> None:
    rows = [*decided(5, 50, attr_gender="F"), *decided(0, 50, attr_gender="M")]
    measured = Measured(policy_over({"gender": "M"}), rows, tmp_path)
    found = measured.ratio("impact_ratio", "F", "reference")
    assert (found.value, found.low, found.high) == (None, None, None)
    assert found.p_value == pytest.approx(0.0563, abs=1e-4)
    assert found.method == "none, fisher"
    # The overall rate is not zero, and the women's is exactly twice that.
    overall = measured.ratio("impact_ratio", "F", "overall")
    assert (overall.value, overall.high) == (2.0, 2.0)
    assert overall.method == "donner_zou_with_rest, fisher"
    assert overall.low is not None
    assert 1.0 < overall.low < 2.0


def test_a_rate_of_zero_has_a_bounded_ratio(tmp_path: Path) -> None:
    rows = [*decided(0, 50, attr_gender="F"), *decided(25, 50, attr_gender="M")]
    found = Measured(policy_over({"gender": "M"}), rows, tmp_path).ratio(
        "impact_ratio", "F", "reference"
    )
    assert (found.value, found.low, found.method) == (0.0, 0.0, "donner_zou, z")
    assert found.high is not None
    assert 0 < found.high < 0.2


class TestNothingToCompare:
    """Populations with nothing in them are measured honestly; judging them is not our part."""

    def test_empty_population(self, tmp_path: Path) -> None:
        measured = Measured(a_policy(), [], tmp_path)
        assert {(each.attribute, each.group, each.value) for each in measured.all} == {
            ("overall", "overall", None)
        }
        assert (measured.file.population_rows, measured.file.labelled_rows) == (0, 0)

    def test_no_outcome_known(self, tmp_path: Path) -> None:
        rows = [*decided(3, 10, attr_gender="F"), *decided(5, 10, attr_gender="M")]
        measured = Measured(policy_over({"gender": "M"}), rows, tmp_path)
        assert not measured.file.labelled_rows
        defined = {each.metric for each in measured.all if each.value is not None}
        assert defined >= {"selection_rate", "impact_ratio"}
        needs = {each.name: each.needs for each in CATALOGUE}
        assert not [name for name in defined if Needs.OUTCOME in needs[name]]

    def test_one_group_only(self, tmp_path: Path) -> None:
        counts = Counts(tp=3, fp=1, fn=2, tn=9)
        measured = Measured(
            policy_over({"gender": "M"}), rows_of(counts, attr_gender="F"), tmp_path
        )
        assert {each.against for each in measured.all} == {None, "rest", "overall"}
        rest = measured.ratio("impact_ratio", "F", "rest")
        assert (rest.value, rest.reference_denominator) == (None, 0)
        # The group is everybody: equal to the overall by definition, which is evidence of nothing.
        overall = measured.ratio("impact_ratio", "F", "overall")
        assert (overall.value, overall.low, overall.high, overall.p_value) == (1, None, None, None)

    @pytest.mark.parametrize("selected", [0, 40])
    def test_nobody_or_everybody_selected(self, tmp_path: Path, selected: int) -> None:
        rows = [
            *decided(selected, 40, attr_gender="F"),
            *decided(selected, 40, attr_gender="M"),
        ]
        measured = Measured(policy_over({"gender": "M"}), rows, tmp_path)
        assert measured.file.selected_rows == 2 * selected
        ratio = measured.ratio("impact_ratio", "F", "reference")
        difference = measured.difference("selection_rate", "F", "reference")
        assert ratio.value == (1.0 if selected else None)
        assert difference.value == 0.0
        assert difference.p_value == 1.0
        assert difference.low is not None
        assert difference.low < -0.05  # equal in the sample is not proven equal

    def test_everybody_unknown(self, tmp_path: Path) -> None:
        rows = decided(3, 10, attr_gender="unknown")
        measured = Measured(policy_over({"gender": "M"}), rows, tmp_path)
        assert {each.comparison for each in measured.all} == {None}
        assert measured.rate("selection_rate", "unknown").value == 0.3


def test_scores_that_are_no_numbers_change_nothing(tmp_path: Path) -> None:
    rows = mixed_rows()
    odd = [dict(row, score=[math.nan, math.inf, None, 0.5][i % 4]) for i, row in enumerate(rows)]
    plain = Measured(a_policy(), rows, tmp_path / "plain")
    assert Measured(a_policy(), odd, tmp_path / "odd").file.digest == plain.file.digest


def test_the_order_of_the_rows_changes_nothing(tmp_path: Path) -> None:
    rows = mixed_rows()
    first = Measured(a_policy(), rows, tmp_path / "first")
    shuffled = random.Random(1).sample(rows, len(rows))
    second = Measured(a_policy(), shuffled, tmp_path / "second")
    assert first.file.digest == second.file.digest
    one_more = Measured(a_policy(), [*rows, rows[0]], tmp_path / "third")
    assert one_more.file.digest != first.file.digest


def test_intervals_have_the_confidence_of_the_policy(tmp_path: Path) -> None:
    rows = [*decided(30, 100, attr_gender="F"), *decided(60, 120, attr_gender="M")]
    wide = policy_over({"gender": "M"}, error_rate={"alpha": "1/100"})
    measured = Measured(wide, rows, tmp_path / "wide")
    assert measured.file.confidence == 0.99
    usual = Measured(policy_over({"gender": "M"}), rows, tmp_path / "usual")
    wider, narrower = (each.ratio("impact_ratio", "F", "reference") for each in (measured, usual))
    assert wider.low is not None
    assert narrower.low is not None
    assert wider.low < narrower.low


def test_every_value_lies_within_its_interval(tmp_path: Path) -> None:
    bounded = 0
    for each in Measured(a_policy(), mixed_rows(90), tmp_path).all:
        if each.low is not None and each.high is not None and each.value is not None:
            assert each.low <= each.value <= each.high
            bounded += 1
        assert each.p_value is None or 0 < each.p_value <= 1
    assert bounded > 300


def test_rounding_does_not_push_a_value_out_of_its_interval(tmp_path: Path) -> None:
    # All women, no men: the difference to the overall is 2/3, and so is the most it can be; in
    # floating point the bound comes out an ulp lower.
    rows = [*decided(1, 1, attr_gender="F"), *decided(0, 2, attr_gender="M")]
    measured = Measured(policy_over({"gender": "M"}), rows, tmp_path)
    found = measured.difference("selection_rate", "F", "overall")
    assert found.value == found.high == pytest.approx(2 / 3)


def test_schema_is_that_of_the_measurement() -> None:
    assert SCHEMA.names == list(Measurement.model_fields)


def test_metrics_are_those_of_the_policy(tmp_path: Path) -> None:
    measured = Measured(a_policy(), mixed_rows(), tmp_path)
    metrics = {each.metric for each in measured.all}
    assert NAMES <= metrics <= {each.name for each in CATALOGUE}


class TestRefusals:
    """What cannot be measured whole is not measured."""

    def test_missing_attribute(self, tmp_path: Path) -> None:
        population = a_population(tmp_path, ["attr_gender"], decided(1, 2, attr_gender="F"))
        with pytest.raises(
            MeasurementError, match=r"no column attr_age_band, stratum_segment \(select it in sql/"
        ):
            measure(a_policy(), population, sql=SQL, folder=tmp_path / "run")
        assert not (tmp_path / "run" / "measurements.parquet").exists()

    def test_another_number_of_rows_than_was_assembled(self, tmp_path: Path) -> None:
        population = a_population(tmp_path, COLUMNS, mixed_rows(10))
        fewer = population.model_copy(update={"rows": 11})
        with pytest.raises(MeasurementError, match="were assembled"):
            measure(a_policy(), fewer, sql=SQL, folder=tmp_path / "run")

    def test_undecided_rows(self, tmp_path: Path) -> None:
        population = a_population(tmp_path, COLUMNS, [a_row("F", "50+", "smb", True, True)])
        table = pq.read_table(population.path)
        column = table.column_names.index("selected")
        table = table.set_column(column, "selected", pa.array([None], pa.bool_()))
        pq.write_table(table, population.path)
        with pytest.raises(MeasurementError, match="selected is NULL in some rows"):
            measure(a_policy(), population, sql=SQL, folder=tmp_path / "run")

    def test_changed_measurements_are_not_read(self, tmp_path: Path) -> None:
        file = Measured(a_policy(), mixed_rows(20), tmp_path).file
        file.path.write_bytes(file.path.read_bytes() + b" ")
        with pytest.raises(MeasurementError, match="the file was changed"):
            read_measurements(file)
        file.path.unlink()
        with pytest.raises(MeasurementError, match="no such file"):
            read_measurements(file)


def test_the_group_counts_are_kept_in_the_folder_of_the_run(tmp_path: Path) -> None:
    population = a_population(tmp_path, ["attr_gender"], decided(1, 3, attr_gender="F"))
    cells = group_counts(population.path, sql=SQL, folder=tmp_path / "run")
    assert cells.select(["selected", "n"]).to_pylist() == [
        {"selected": False, "n": 2},
        {"selected": True, "n": 1},
    ]
    assert pq.read_table(tmp_path / "run" / FILE) == cells


def test_a_null_group_counts_as_unknown(tmp_path: Path) -> None:
    rows = [a_row("F", "50+", "smb", True, True), {"selected": False, "outcome": False}]
    measured = Measured(a_policy(), rows, tmp_path)
    assert measured.rate("selection_rate", "unknown", attribute="gender").denominator == 1
    assert measured.rate("selection_rate", "overall", stratum="segment=unknown").denominator == 1


def test_crm_text_stays_text(tmp_path: Path) -> None:
    name = "'; DROP TABLE x; --<img src=x onerror=alert(1)>=1+1\n🎉"
    rows = [*decided(3, 10, attr_gender=name), *decided(5, 10, attr_gender="M")]
    measured = Measured(policy_over({"gender": "M"}), rows, tmp_path)
    assert measured.ratio("impact_ratio", name, "reference").value == pytest.approx(0.6)
