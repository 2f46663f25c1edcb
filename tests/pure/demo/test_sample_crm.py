"""The generated company: the same for a seed, with the defects of a real one, and no later day."""

from datetime import UTC, date, datetime

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from fairness_audit.demo import defects
from fairness_audit.demo.crm import generate
from fairness_audit.demo.people import AGE_BANDS, ETHNIC_GROUPS, GENDERS
from fairness_audit.demo.recipe import Recipe
from fairness_audit.demo.timeline import LEAD_TIMELINE, OFFER_TIMELINE, TODAY, Timeline
from fairness_audit.demo.wording import NASTY_REMARKS
from fairness_audit.errors import SettingsError
from tests.builders.sample_audits import Tables, policy_of, sample_tables

LEADS = 6_000


@pytest.fixture(scope="module")
def crm() -> Tables:
    return sample_tables(generate(Recipe(LEADS, seed=1)))


def share(mask: pa.ChunkedArray) -> float:
    """Share of rows that are true; NULL counts as false."""
    return float(pc.sum(pc.fill_null(mask, False)).as_py() / len(mask))


def counts(column: pa.ChunkedArray) -> dict[object, int]:
    return {each["values"].as_py(): each["counts"].as_py() for each in pc.value_counts(column)}


def test_the_same_seed_gives_the_same_company(crm: Tables) -> None:
    again = sample_tables(generate(Recipe(LEADS, seed=1)))
    assert crm.keys() == again.keys()
    assert all(again[name].equals(rows) for name, rows in crm.items())


def test_another_seed_gives_other_people(crm: Tables) -> None:
    other = sample_tables(generate(Recipe(LEADS, seed=2)))
    names = [rows["crm", "leads"]["last_name"][:100].to_pylist() for rows in (crm, other)]
    assert names[0] != names[1]


def test_it_has_the_tables_of_a_mid_size_company(crm: Tables) -> None:
    names = {f"{schema}.{name}" for schema, name in crm}
    assert names == {
        "crm.accounts",
        "crm.campaign_members",
        "crm.campaigns",
        "crm.cases",
        "crm.contacts",
        "crm.leads",
        "crm.opportunities",
        "crm.products",
        "crm.recommendations_shown",
        "crm.tasks",
        "crm.users",
        "survey.self_identification",
        "ml.score_log",
    }
    assert all(rows.num_rows for rows in crm.values())


@pytest.mark.parametrize(
    ("table", "reference", "to"),
    [
        ("leads", "converted_opportunity_id", "opportunities"),
        ("leads", "converted_contact_id", "contacts"),
        ("leads", "owner_id", "users"),
        ("contacts", "account_id", "accounts"),
        ("campaign_members", "contact_id", "contacts"),
        ("campaign_members", "campaign_id", "campaigns"),
        ("campaigns", "product_id", "products"),
        ("cases", "contact_id", "contacts"),
        ("tasks", "lead_id", "leads"),
        ("tasks", "case_id", "cases"),
        ("tasks", "owner_id", "users"),
        ("recommendations_shown", "contact_id", "contacts"),
        ("recommendations_shown", "product_id", "products"),
    ],
)
def test_references_lead_somewhere(crm: Tables, table: str, reference: str, to: str) -> None:
    known = crm["crm", to].column(0)
    used = pc.drop_null(crm["crm", table][reference])
    assert len(used)
    assert share(pc.is_in(used, known)) == 1


def test_every_id_is_unique(crm: Tables) -> None:
    for rows in crm.values():
        assert pc.count_distinct(rows.column(0)).as_py() == rows.num_rows


def test_nothing_happens_after_today(crm: Tables) -> None:
    for name, rows in crm.items():
        for column in rows.schema:
            if pa.types.is_timestamp(column.type):
                latest = pc.max(rows[column.name]).as_py()
                assert latest <= TODAY, (name, column.name)


def test_about_seventy_percent_say_who_they_are(crm: Tables) -> None:
    leads, answers = crm["crm", "leads"], crm["survey", "self_identification"]
    declined = pa.array(["prefer not to say", "unknown"])
    useful = pc.and_(
        pc.is_valid(answers["gender"]), pc.invert(pc.is_in(answers["gender"], declined))
    )
    told = answers.filter(useful)["respondent_id"]
    assert share(pc.is_in(leads["survey_respondent_id"], told)) == pytest.approx(0.70, abs=0.03)
    found = counts(answers["gender"])
    assert found["prefer not to say"] > 0
    assert found["unknown"] > 0
    silent = pc.is_null(answers["answered_at"])
    assert 0.05 < share(silent) < 0.25
    assert set(counts(answers.filter(silent)["gender"])) == {None}


def test_some_answer_twice(crm: Tables) -> None:
    times = counts(crm["survey", "self_identification"]["respondent_id"])
    assert max(times.values()) == 2


def test_pick_lists_are_null_or_unknown_at_times(crm: Tables) -> None:
    leads = crm["crm", "leads"]
    for name in ("industry", "job_level", "budget_stated"):
        assert share(pc.is_null(leads[name])) == pytest.approx(defects.MISSING_PICKS, abs=0.02)
        assert share(pc.equal(leads[name], "unknown")) == pytest.approx(0.03, abs=0.02)
    assert share(pc.is_null(leads["employees"])) == pytest.approx(0.08, abs=0.02)


@pytest.mark.parametrize(
    ("table", "expected"),
    [("leads", defects.DUPLICATE_LEADS), ("contacts", defects.DUPLICATE_CONTACTS)],
)
def test_some_people_are_entered_twice(crm: Tables, table: str, expected: float) -> None:
    times = counts(crm["crm", table]["survey_respondent_id"])
    times.pop(None)  # not invited: nobody can tell
    twice = sum(number == 2 for number in times.values())
    assert twice / len(times) == pytest.approx(expected, abs=0.006)
    assert max(times.values()) == 2


def test_a_second_record_spells_the_address_otherwise(crm: Tables) -> None:
    emails = pc.drop_null(crm["crm", "contacts"]["email"])
    assert pc.count_distinct(emails).as_py() > pc.count_distinct(pc.utf8_lower(emails)).as_py()


def test_some_outcomes_come_late(crm: Tables) -> None:
    won = crm["crm", "opportunities"].filter(crm["crm", "opportunities"]["is_won"])
    days = pc.days_between(won["created_at"], won["closed_at"])
    late = pc.greater(days, LEAD_TIMELINE.maturity_days)
    assert share(late) == pytest.approx(defects.LATE_OUTCOMES, abs=0.02)
    members = crm["crm", "campaign_members"]
    days = pc.days_between(members["added_at"], members["responded_at"])
    assert share(pc.greater(days, OFFER_TIMELINE.maturity_days)) > 0.01


def test_some_opportunities_are_still_open(crm: Tables) -> None:
    open_ones = crm["crm", "opportunities"].filter(pc.field("stage") == "Negotiation")
    assert open_ones.num_rows > 0
    assert set(counts(open_ones["is_won"])) == {None}
    assert set(counts(open_ones["closed_at"])) == {None}


def test_leads_are_archived_converted_erased_or_made_to_try_something_out(crm: Tables) -> None:
    leads = crm["crm", "leads"]
    assert {"Open", "Contacted", "Unqualified", "Converted", "Erased"} == set(
        counts(leads["status"])
    )
    assert share(leads["is_archived"]) > 0.01
    assert share(leads["is_test"]) == pytest.approx(defects.TEST_RECORDS, abs=0.004)
    assert share(pc.is_valid(leads["converted_opportunity_id"])) > 0.4
    erased = leads.filter(pc.field("status") == "Erased")
    for name in ("last_name", "email", "survey_respondent_id", "description"):
        assert set(counts(erased[name])) == {None}


def test_some_scored_leads_are_gone(crm: Tables) -> None:
    log = crm["ml", "score_log"].filter(pc.field("model") == "lead_scoring")
    here = pc.is_in(log["subject_id"], crm["crm", "leads"]["lead_id"])
    assert 1 - share(here) == pytest.approx(defects.DELETED_LEADS, abs=0.003)


def test_every_task_is_about_a_lead_or_a_case(crm: Tables) -> None:
    tasks = crm["crm", "tasks"]
    about = pc.xor(pc.is_valid(tasks["lead_id"]), pc.is_valid(tasks["case_id"]))
    assert share(about) == 1
    assert set(counts(tasks["kind"])) == {"call", "email", "todo"}
    is_open = pc.equal(tasks["status"], "Open")
    assert 0.05 < share(is_open) < 0.3
    assert is_open.equals(pc.is_null(tasks["completed_at"]))
    assert share(pc.greater(tasks["completed_at"], tasks["created_at"])) == 1 - share(is_open)


def test_with_an_erased_lead_its_tasks_are_gone(crm: Tables) -> None:
    erased = crm["crm", "leads"].filter(pc.field("status") == "Erased")["lead_id"]
    assert share(pc.is_in(crm["crm", "tasks"]["lead_id"], erased)) == 0


def test_postcodes_keep_their_leading_zeros(crm: Tables) -> None:
    for table in ("leads", "contacts", "accounts"):
        codes = pc.drop_null(crm["crm", table]["postcode"])
        assert codes.type == pa.string()
        assert set(counts(pc.utf8_length(codes))) == {5}
        assert share(pc.starts_with(codes, "0")) > 0.5


def test_free_text_is_as_nasty_as_in_life(crm: Tables) -> None:
    found = set(counts(crm["crm", "leads"]["description"]))
    assert found >= set(NASTY_REMARKS)
    every = "\0".join(NASTY_REMARKS)
    for kind in ('"', "'", "\n", "🎉", "<img", "onerror", "=HYPERLINK", "@SUM", "DROP TABLE"):
        assert kind in every


def test_birth_dates_are_missing_or_made_up_at_times(crm: Tables) -> None:
    dates = crm["crm", "contacts"]["birth_date"]
    assert share(pc.is_null(dates)) == pytest.approx(0.05, abs=0.02)
    assert share(pc.equal(dates, date(1900, 1, 1))) == pytest.approx(0.02, abs=0.01)


@pytest.mark.parametrize(
    ("model", "timeline"), [("lead_scoring", LEAD_TIMELINE), ("offer_targeting", OFFER_TIMELINE)]
)
def test_the_policies_audit_the_days_the_models_decided(model: str, timeline: Timeline) -> None:
    assert policy_of(model).window(TODAY) == (timeline.window_start, timeline.window_end)
    assert policy_of(model).maturity_days == timeline.maturity_days


@pytest.mark.parametrize("model", ["lead_scoring", "offer_targeting"])
def test_the_policies_state_the_shares_the_people_are_drawn_with(model: str) -> None:
    truth = {"gender": GENDERS, "age_band": AGE_BANDS, "ethnic_group": ETHNIC_GROUPS}
    for name, attribute in policy_of(model).attributes.items():
        assert attribute.reference_population is not None
        shares = {
            group: float(each) for group, each in attribute.reference_population.shares.items()
        }
        assert shares == pytest.approx(truth[name])


def test_both_versions_decide_the_same_cases_from_the_window_on(crm: Tables) -> None:
    log = crm["ml", "score_log"]
    for model, timeline in (
        ("lead_scoring", LEAD_TIMELINE),
        ("offer_targeting", OFFER_TIMELINE),
    ):
        one, two = (
            log.filter((pc.field("model") == model) & (pc.field("model_version") == version))
            for version in ("1", "2")
        )
        assert one["subject_id"].equals(two["subject_id"])
        assert one["decided_at"].equals(two["decided_at"])
        assert pc.min(one["decided_at"]).as_py() >= timeline.window_start
        mature = pc.less(one["decided_at"], timeline.window_end)
        assert share(mature) * one.num_rows > LEADS / 3
        assert 0.3 < share(one["selected"]) < 0.5
    assert 0 <= pc.min(log["score"]).as_py() < pc.max(log["score"]).as_py() <= 1


def test_today_is_a_monday() -> None:
    assert datetime(2026, 6, 29, tzinfo=UTC) == TODAY
    assert TODAY.weekday() == 0


def test_recipes_are_told_apart() -> None:
    recipes = [Recipe(), Recipe(seed=1), Recipe(leads=2_000), Recipe(biases=())]
    assert len({each.fingerprint for each in recipes}) == len(recipes)
    assert Recipe().fingerprint == Recipe().fingerprint


def test_too_few_leads_are_refused() -> None:
    with pytest.raises(SettingsError, match="999 leads are too few"):
        Recipe(leads=999)
    with pytest.raises(SettingsError, match="seed -1"):
        Recipe(seed=-1)
