"""Scores, values and classes beside scikit-learn, SciPy and NumPy, on generated data."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import brier_score_loss, roc_auc_score

from fairness_audit.statistics import divergence, inequality, ranking, stratified
from fairness_audit.steps.measure.counting.plan import Plan
from fairness_audit.steps.measure.counting.scan import scanner
from fairness_audit.steps.measure.metrics.scores import score_rows
from tests.builders.measured_files import MeasuredFile
from tests.builders.populations import SQL, a_population

SCORED = st.lists(
    st.tuples(
        st.sampled_from("ab"),
        st.sampled_from([0, 0.1, 0.25, 0.5, 0.75, 0.9, 1]) | st.floats(0, 1),
        st.booleans(),
    ),
    min_size=8,
    max_size=60,
)


@settings(max_examples=30, deadline=None)
@given(SCORED)
def test_scores(rows: list[tuple[str, float, bool]]) -> None:
    with TemporaryDirectory() as folder:
        given_rows = [(group, repr(score), int(outcome)) for group, score, outcome in rows]
        measured = MeasuredFile(Path(folder), given_rows, "attr_g score outcome")
    for group in {each[0] for each in rows}:
        scores = np.array([score for name, score, _ in rows if name == group])
        outcomes = np.array([outcome for name, _, outcome in rows if name == group])
        assert measured.value("mean_score", group) == pytest.approx(scores.mean())
        assert measured.value("brier_score", group) == pytest.approx(
            brier_score_loss(outcomes, scores, pos_label=True)
        )
        for q in (10, 50, 90):
            expected = np.quantile(scores, q / 100)
            assert measured.value(f"score_quantile_{q}", group) == pytest.approx(expected)
        auc = measured.one("AUC", group)["value"]
        if 0 < outcomes.sum() < len(outcomes):
            assert auc == pytest.approx(roc_auc_score(outcomes, scores))
        else:
            assert auc is None
        others = np.array([score for name, score, _ in rows if name != group])
        if len(others):
            expected = stats.ks_2samp(scores, others, method="asymp").statistic
            assert measured.value("SKS", group) == pytest.approx(expected)


def test_a_grid_is_off_by_no_more_than_it_says(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    n = 4000
    groups, scores = random.choice(["a", "b"], n), random.beta(2, 5, n)
    outcomes = random.random(n) < scores
    rows = [
        {"attr_g": group, "score": score, "outcome": bool(outcome), "selected": False}
        for group, score, outcome in zip(groups.tolist(), scores.tolist(), outcomes, strict=True)
    ]
    population = a_population(tmp_path, ["attr_g"], rows)
    plan = Plan(groupings={"g": ("g",)}, columns=frozenset({"score", "outcome"}))  # type: ignore[arg-type]
    with scanner(population.path, SQL, tmp_path / "run") as scan:
        exact = {(r.metric, r.group, r.stratum): r for r in score_rows(plan, scan)}
        coarse = {(r.metric, r.group, r.stratum): r for r in score_rows(plan, scan, exact=10)}
    stated = 0
    for key, row in coarse.items():
        _, found, bound = row.method.partition("error <= ")
        if found and key[0] != "calibration_gap" and key[0] != "expected_calibration_error":
            stated += 1
            assert row.value is not None
            true = exact[key].value
            assert true is not None
            assert abs(row.value - true) <= float(bound) * 1.05 + 1e-12, key
    assert stated > 20
    assert "error" not in exact["area_under_curve", "a", None].method


# SciPy says so of a group whose values are all alike; what it gives is compared all the same.
@pytest.mark.filterwarnings("ignore:Precision loss occurred:RuntimeWarning")
@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.floats(-1e6, 1e6)), min_size=8, max_size=50
    ).filter(lambda rows: min(sum(g == name for g, _ in rows) for name in "ab") >= 2)
)
def test_values(rows: list[tuple[str, float]]) -> None:
    with TemporaryDirectory() as folder:
        measured = MeasuredFile(
            Path(folder),
            [(g, repr(v)) for g, v in rows],
            "attr_g value",
            references={"attr_g": "a"},
        )
    a, b = (np.array([v for g, v in rows if g == name]) for name in "ab")
    size = max(np.abs(a).max(), np.abs(b).max(), 1e-300)
    found = measured.one("mean_value_difference", "b")
    assert found["value"] == pytest.approx(b.mean() - a.mean(), rel=1e-6, abs=1e-9 * size)
    assert measured.value("value_quantile_75", "b") == pytest.approx(np.quantile(b, 0.75))
    spread = a.var(ddof=1) + b.var(ddof=1)
    if spread > 1e-9 * size**2:
        expected = stats.ttest_ind(b, a, equal_var=False)
        assert found["p_value"] == pytest.approx(expected.pvalue, rel=1e-4, abs=1e-9)
        interval = expected.confidence_interval(0.95)
        assert found["low"] == pytest.approx(interval.low, rel=1e-4, abs=1e-6 * size)


COUNTS = st.lists(st.integers(0, 40), min_size=3, max_size=3).filter(lambda c: sum(c) > 0)


@settings(max_examples=40, deadline=None)
@given(COUNTS, COUNTS)
def test_ordered_classes(a: list[int], b: list[int]) -> None:
    rows = [(g, i) for g, counts in (("a", a), ("b", b)) for i, n in enumerate(counts)
            for _ in range(n)]  # fmt: skip
    with TemporaryDirectory() as folder:
        measured = MeasuredFile(Path(folder), rows, "attr_g decision", references={"attr_g": "a"})
    own, other = (np.repeat(np.arange(3), counts) for counts in (b, a))
    statistic = stats.mannwhitneyu(own, other, use_continuity=False, method="asymptotic")
    found = measured.one("PS", "b")
    assert found["value"] == pytest.approx(statistic.statistic / (len(own) * len(other)))
    if found["p_value"] is not None:
        assert found["p_value"] == pytest.approx(statistic.pvalue, rel=1e-6, abs=1e-12)
    expected = 0.5 * np.abs(np.array(a) / sum(a) - np.array(b) / sum(b)).sum()
    assert measured.value("DTV", "b") == pytest.approx(expected)


@given(COUNTS, COUNTS)
def test_divergences(a: list[int], b: list[int]) -> None:
    p, q = np.array(a, dtype=float), np.array(b, dtype=float)
    expected = stats.entropy(p, q)
    found = float(divergence.kullback_leibler(p, q))
    assert found == (expected if np.isinf(expected) else pytest.approx(expected, abs=1e-12))
    middle = (p / p.sum() + q / q.sum()) / 2
    both = (stats.entropy(p, middle) + stats.entropy(q, middle)) / 2
    assert float(divergence.jensen_shannon(p, q)) == pytest.approx(both, abs=1e-12)


@given(COUNTS, st.sampled_from([0.5, 2.0, 3.0]))
def test_entropy_of_benefits(counts: list[int], alpha: float) -> None:
    values = np.array([2.0, 1.0, 0.5])
    people = np.repeat(values, counts)
    relative = people / people.mean()
    expected = ((relative**alpha - 1) / (alpha * (alpha - 1))).mean()
    found = inequality.generalized_entropy(values, np.array(counts, dtype=float), alpha)
    assert float(found) == pytest.approx(expected, abs=1e-12)
    theil = (relative * np.log(relative)).mean()
    found = inequality.generalized_entropy(values, np.array(counts, dtype=float), 1)
    assert float(found) == pytest.approx(theil, abs=1e-12)


TABLES = st.lists(st.tuples(*[st.integers(1, 30)] * 4), min_size=2, max_size=5)


@settings(max_examples=40, deadline=None)
@given(TABLES)
def test_strata_taken_together(rows: list[tuple[int, int, int, int]]) -> None:
    from statsmodels.stats.contingency_tables import StratifiedTable

    # Their adjustment divides by zero where every table is alike.
    rows = [(a, b, c, d + i) for i, (a, b, c, d) in enumerate(rows)]
    theirs = StratifiedTable([np.array([[a, b], [c, d]], dtype=float) for a, b, c, d in rows])
    ours = stratified.Tables(
        *(np.array(column, dtype=float) for column in zip(*rows, strict=True))
    )
    assert float(stratified.odds_ratio(ours)) == pytest.approx(theirs.oddsratio_pooled)
    low, high = theirs.oddsratio_pooled_confint()
    interval = stratified.odds_ratio_interval(ours, 0.95)
    assert (float(interval.low), float(interval.high)) == pytest.approx((low, high), rel=1e-6)
    for corrected in (False, True):
        test = stratified.cochran_mantel_haenszel(ours, corrected=corrected)
        expected = theirs.test_null_odds(correction=corrected)
        off = theirs.table[0, 0].sum() - (theirs._apb * theirs._apc / theirs._n).sum()
        if corrected and abs(off) < 0.5:
            assert float(test.statistic) == 0  # they correct beyond nothing
            continue
        assert float(test.statistic) == pytest.approx(expected.statistic, rel=1e-6, abs=1e-12)
        assert float(test.p_value) == pytest.approx(expected.pvalue, rel=1e-6, abs=1e-12)
    assert float(stratified.risk_ratio(ours)) == pytest.approx(theirs.riskratio_pooled)
    same = stratified.breslow_day(ours)
    expected = theirs.test_equal_odds(adjust=True)
    assert float(same.statistic) == pytest.approx(expected.statistic, rel=1e-5, abs=1e-7)
    assert float(same.p_value) == pytest.approx(expected.pvalue, rel=1e-4, abs=1e-9)


def test_the_common_risk_difference_by_hand() -> None:
    """Two strata of 20: 6/10 against 4/10 and 3/10 against 2/10."""
    tables = stratified.Tables(
        *(np.array(x, dtype=float) for x in ([6, 3], [4, 7], [4, 2], [6, 8]))
    )
    assert float(stratified.risk_difference(tables)) == pytest.approx(0.15)
    interval = stratified.risk_difference_interval(tables, 0.95)
    assert float(interval.low) < 0.15 < float(interval.high)


def test_a_perfect_ranking_and_its_variance() -> None:
    area = ranking.area_under_curve(np.array([0.0, 0, 3]), np.array([2.0, 2, 0]))
    assert area == (1.0, 0.0, 0.0)
