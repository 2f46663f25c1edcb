"""Each planted bias shows in plain counts and is found by its rule; without them, nothing is."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fairness_audit.demo.biases import BIASES, NO_BIASES, PlantedBias
from fairness_audit.demo.columns import Bools
from fairness_audit.demo.crm import SampleCrm, generate
from fairness_audit.demo.models import DESIGNS, Design
from fairness_audit.demo.people import BELMAR_DISTRICTS
from fairness_audit.demo.recipe import Recipe
from fairness_audit.demo.timeline import OFFER_TIMELINE, moment
from fairness_audit.records.finding import Finding, Judgement, Verdict
from fairness_audit.records.population import Population
from fairness_audit.steps.assemble import read_losses
from tests.builders.sample_audits import Tables, sample_judgement, sample_population, sample_tables

UNFAIR = {(each.model, each.model_version) for each in BIASES}
FAIR = {(each.model, each.version) for each in DESIGNS} - UNFAIR


@pytest.fixture(scope="module")
def biased() -> SampleCrm:
    return generate(Recipe())


@pytest.fixture(scope="module")
def unbiased() -> SampleCrm:
    return generate(Recipe(biases=NO_BIASES))


@pytest.fixture(scope="module")
def biased_tables(biased: SampleCrm) -> Tables:
    return sample_tables(biased)


@pytest.fixture(scope="module")
def unbiased_tables(unbiased: SampleCrm) -> Tables:
    return sample_tables(unbiased)


def hot_rate(sample: SampleCrm, among: Bools) -> float:
    """Share of leads rated hot, per lead that really buys."""
    return float(sample.leads.rated_hot[among].mean() / sample.leads.wins[among].mean())


def past_answers(sample: SampleCrm, districts: Bools) -> float:
    """Share of those who answered before the window."""
    before = sample.customers.decided_at < moment(OFFER_TIMELINE.window_start)
    return float(sample.customers.responded[before & districts].mean())


def loss_in_counts(sample: SampleCrm, bias: PlantedBias) -> float:
    """Share of the good labels that the habit took from those it is about."""
    leads, customers = sample.leads, sample.customers
    if bias.name == "women_rated_cold":
        women = leads.people.gender.among("F")
        return 1 - hot_rate(sample, women) / hot_rate(sample, ~women)
    if bias.name == "phone_rated_cold":
        phone = leads.source.among("phone")
        return 1 - hot_rate(sample, phone) / hot_rate(sample, ~phone)
    there = customers.people.district.among(*BELMAR_DISTRICTS)
    return 1 - past_answers(sample, there) / past_answers(sample, ~there)


@pytest.mark.parametrize("bias", BIASES, ids=lambda each: each.name)
def test_a_planted_bias_has_the_size_written_down(bias: PlantedBias, biased: SampleCrm) -> None:
    assert loss_in_counts(biased, bias) == pytest.approx(bias.size, abs=0.08)


@pytest.mark.parametrize("bias", BIASES, ids=lambda each: each.name)
def test_it_is_gone_where_none_is_planted(bias: PlantedBias, unbiased: SampleCrm) -> None:
    assert loss_in_counts(unbiased, bias) == pytest.approx(0, abs=0.08)


@pytest.mark.parametrize("attribute", ["gender", "age_band", "ethnic_group"])
def test_in_truth_the_groups_are_alike(attribute: str, biased: SampleCrm) -> None:
    window = biased.customers.decided_at >= moment(OFFER_TIMELINE.window_start)
    for outcome, people in (
        (biased.leads.wins, biased.leads.people),
        (biased.customers.responded[window], biased.customers.people.take(np.flatnonzero(window))),
    ):
        groups = getattr(people, attribute)
        rates = [outcome[groups.among(word)].mean() for word in groups.words]
        assert max(rates) - min(rates) < 0.03


@pytest.fixture(scope="module", params=DESIGNS, ids=lambda each: f"{each.model}-{each.version}")
def design(request: pytest.FixtureRequest) -> Design:
    chosen: Design = request.param
    return chosen


@pytest.fixture(scope="module")
def judgement(
    design: Design, biased_tables: Tables, tmp_path_factory: pytest.TempPathFactory
) -> Judgement:
    folder = tmp_path_factory.mktemp("audit")
    return sample_judgement(design.model, design.version, biased_tables, folder)


def failed(judgement: Judgement) -> list[Finding]:
    return [each for each in judgement.findings if each.verdict is Verdict.FAIL]


def test_the_audit_finds_each_planted_bias_by_its_rule(
    design: Design, judgement: Judgement
) -> None:
    planted = {
        (each.rule, each.attribute, each.group)
        for each in BIASES
        if (each.model, each.model_version) == (design.model, design.version)
    }
    found = {
        (each.rule, each.attribute, each.group)
        for each in failed(judgement)
        if each.rule == "four_fifths"
    }
    assert found == planted
    assert (judgement.verdict is Verdict.FAIL) == bool(planted)


def test_the_impact_ratio_of_a_planted_bias_is_clear(design: Design, judgement: Judgement) -> None:
    for each in failed(judgement):
        if each.rule == "four_fifths":
            assert each.evidence.value == pytest.approx(0.65, abs=0.1)
            assert each.evidence.high is not None
            assert each.evidence.high <= 0.8


def test_nothing_else_fails(design: Design, judgement: Judgement) -> None:
    """Groups that fail in an intersection contain a group a bias is planted against."""
    harmed = {each.group for each in BIASES if each.model == design.model}
    for each in failed(judgement):
        assert set(str(each.group).split(" * ")) & harmed, each.sentence


def test_a_fair_version_passes_with_every_failing_rule_conclusive(
    design: Design, judgement: Judgement
) -> None:
    if (design.model, design.version) in FAIR:
        assert judgement.verdict is Verdict.PASS
        assert [each for each in judgement.findings if each.at_gate != "allow"] == []


def test_nothing_is_flagged_without_biases(
    design: Design, unbiased_tables: Tables, tmp_path: Path
) -> None:
    judged = sample_judgement(design.model, design.version, unbiased_tables, tmp_path)
    assert judged.verdict is Verdict.PASS
    flagged = [each for each in judged.findings if each.verdict in (Verdict.FAIL, Verdict.WARN)]
    assert flagged == []


@pytest.fixture(scope="module")
def population(
    design: Design, biased_tables: Tables, tmp_path_factory: pytest.TempPathFactory
) -> Population:
    folder = tmp_path_factory.mktemp("population")
    return sample_population(design.model, design.version, biased_tables, folder)


def test_every_decision_is_in_the_population_or_accounted_for(
    design: Design, population: Population
) -> None:
    by_step: dict[str, int] = {}
    for loss in read_losses(population):
        if loss.attribute == "gender":
            by_step[loss.step] = by_step.get(loss.step, 0) + loss.rows
    kept = pq.read_metadata(population.path).num_rows
    assert kept + sum(by_step.values()) == population.decisions
    assert (
        set(by_step)
        == {
            "lead_scoring": {"no_lead", "duplicate_lead", "test_record"},
            "offer_targeting": {"duplicate_contact", "test_record"},
        }[design.model]
    )


def test_the_population_tells_the_truth_about_everybody(
    design: Design, population: Population, biased: SampleCrm, biased_tables: Tables
) -> None:
    """Outcome and groups, row by row: right, or not known."""
    rows = pq.read_table(population.path).sort_by("decision_id")
    log = biased_tables["ml", "score_log"].select(["decision_id", "subject_id"])
    decisions = log["decision_id"].cast(pa.string())
    subjects = dict(zip(decisions.to_pylist(), log["subject_id"].to_pylist(), strict=True))
    subject = np.array([subjects[each] for each in rows["decision_id"].to_pylist()]) - 1
    if design.model == "lead_scoring":
        truth, people = biased.leads.won[subject], biased.leads.people.take(subject)
        nobody_knows = biased.leads.erased[subject]
    else:
        truth, people = biased.customers.responded[subject], biased.customers.people.take(subject)
        nobody_knows = np.zeros(len(subject), dtype=np.bool_)
    expected = pa.array(truth, mask=nobody_knows)
    assert rows["outcome"].combine_chunks().equals(expected)
    for name in ("gender", "age_band", "ethnic_group"):
        if f"attr_{name}" in rows.column_names:
            said = np.array(rows[f"attr_{name}"].to_pylist())
            known = said != "unknown"
            assert (said == getattr(people, name).objects())[known].all()
            assert 0.65 < known.mean() < 0.96
