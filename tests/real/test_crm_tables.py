"""The defects that the README beside the data counts are in the CRMs' tables: none is mended."""

import psycopg
import pytest

DEFECTS = {
    "households with demographics": ("SELECT count(*) FROM complete_journey.contacts", 801),
    "marital status is NA": (
        "SELECT count(*) FROM complete_journey.contacts WHERE marital_status IS NULL",
        137,
    ),
    "home ownership is NA": (
        "SELECT count(*) FROM complete_journey.contacts WHERE home_ownership IS NULL",
        233,
    ),
    "campaign memberships": ("SELECT count(*) FROM complete_journey.campaign_members", 6_589),
    "memberships of households without demographics": (
        "SELECT count(*) FROM complete_journey.campaign_members"
        " LEFT JOIN complete_journey.contacts AS c USING (household_id)"
        " WHERE c.household_id IS NULL",
        2_754,
    ),
    "households with demographics and without a campaign": (
        "SELECT count(*) FROM complete_journey.contacts"
        " WHERE household_id NOT IN (SELECT household_id FROM complete_journey.campaign_members)",
        45,
    ),
    "coupon rows": ("SELECT count(*) FROM complete_journey.coupons", 116_204),
    "repeated coupon rows": (
        "SELECT count(*) - count(DISTINCT (coupon_upc, product_id, campaign_id))"
        " FROM complete_journey.coupons",
        4_872,
    ),
    "redemptions": ("SELECT count(*) FROM complete_journey.coupon_redemptions", 2_102),
    "persons called": ("SELECT count(*) FROM bank_marketing.contacts", 41_188),
    "job unknown": ("SELECT count(*) FROM bank_marketing.contacts WHERE job = 'unknown'", 330),
    "marital unknown": (
        "SELECT count(*) FROM bank_marketing.contacts WHERE marital = 'unknown'",
        80,
    ),
    "education unknown": (
        "SELECT count(*) FROM bank_marketing.contacts WHERE education = 'unknown'",
        1_731,
    ),
    "never contacted before": (
        "SELECT count(*) FROM bank_marketing.campaign_members WHERE pdays = 999",
        39_673,
    ),
    "repeated lines": (
        "SELECT count(*) - count(DISTINCT (to_jsonb(c) - 'contact_id', to_jsonb(m) - 'contact_id',"
        " to_jsonb(k) - 'contact_id' - 'call_id'))"
        " FROM bank_marketing.contacts AS c"
        " JOIN bank_marketing.campaign_members AS m USING (contact_id)"
        " JOIN bank_marketing.calls AS k USING (contact_id)",
        12,
    ),
    "people screened": ("SELECT count(*) FROM compas.contacts", 7_214),
    "screenings without a day": (
        "SELECT count(*) FROM compas.screenings WHERE screened_on IS NULL",
        0,
    ),
    "people scored": ("SELECT count(*) FROM adult.predictions", 9_769),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_defects_are_kept(crms: str, defect: str) -> None:
    query, expected = DEFECTS[defect]
    with psycopg.connect(crms) as connection:
        assert connection.execute(query).fetchone() == (expected,)


def test_the_bank_called_from_may_2008_to_november_2010(crms: str) -> None:
    """The years are derived; as the file's description says, they end in November 2010."""
    query = (
        "SELECT min(campaign_id), max(campaign_id), count(*), count(DISTINCT starts_on)"
        " FROM bank_marketing.campaigns"
    )
    with psycopg.connect(crms) as connection:
        assert connection.execute(query).fetchone() == ("2008-05", "2010-11", 26, 26)


def test_each_decision_is_logged_once(crms: str) -> None:
    query = (
        "SELECT model, model_version, count(*), count(DISTINCT subject_id)"
        " FROM ml.score_log GROUP BY 1, 2 ORDER BY 1, 2"
    )
    with psycopg.connect(crms) as connection:
        assert connection.execute(query).fetchall() == [
            ("coupon_mailing", "1", 1_604, 1_604),
            ("deposit_calls", "1", 41_188, 41_188),
            ("income_forecast", "1", 9_769, 9_769),
            ("income_forecast", "2", 9_769, 9_769),
            ("recidivism_risk", "1", 7_214, 7_214),
        ]
