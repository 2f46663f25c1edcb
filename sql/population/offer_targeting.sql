-- Every decision of the offer targeting model: which members of a campaign get the voucher.
--
-- Good outcome: the member answered the offer within the maturity period after the decision; all
-- members hear of the offer, so the outcome is known for everybody. The age is that on the day
-- of the decision, by the birth date in the CRM; gender and ethnic group come from the survey.
WITH audited_decisions AS (
    SELECT *,
    FROM score_log
    WHERE
        model = 'offer_targeting'
        AND model_version = $model_version
        AND decided_at >= $window_start
        AND decided_at < $window_end
),

-- A person who was entered twice has two records and one survey invitation. The first counts.
ranked_contacts AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY is_test, coalesce(respondent_id, 'not invited ' || contact_id)
            ORDER BY created_at, contact_id
        ) AS nth_record,
    FROM contact
),

joined_decisions AS (
    SELECT
        audited_decisions.*,
        ranked_contacts.contact_id,
        ranked_contacts.is_test,
        ranked_contacts.nth_record,
        ranked_contacts.tier,
        self_identification.gender,
        self_identification.ethnic_group,
        campaign_member.contact_id AS member_id,
        campaign_member.responded_at,
        date_sub(
            'year', ranked_contacts.birth_date, CAST(audited_decisions.decided_at AS DATE)
        ) AS age,
    FROM audited_decisions
    LEFT JOIN ranked_contacts ON audited_decisions.subject_id = ranked_contacts.contact_id
    LEFT JOIN self_identification
        ON ranked_contacts.respondent_id = self_identification.respondent_id
    LEFT JOIN campaign_member
        ON
            audited_decisions.subject_id = campaign_member.contact_id
            AND audited_decisions.campaign_id = campaign_member.campaign_id
)

SELECT
    decision_id,
    'contact ' || subject_id AS subject_key,
    decided_at,
    model_version,
    score,
    selected,
    coalesce(responded_at <= decided_at + to_days($maturity_days), FALSE) AS outcome,
    gender AS attr_gender,
    CASE
        WHEN age BETWEEN 18 AND 29 THEN '18-29'
        WHEN age BETWEEN 30 AND 49 THEN '30-49'
        WHEN age BETWEEN 50 AND 64 THEN '50-64'
        WHEN age BETWEEN 65 AND 115 THEN '65+'
    END AS attr_age_band,
    ethnic_group AS attr_ethnic_group,
    tier AS stratum_tier,
    CASE
        WHEN contact_id IS NULL THEN 'no_contact'
        WHEN is_test THEN 'test_record'
        WHEN nth_record > 1 THEN 'duplicate_contact'
        WHEN member_id IS NULL THEN 'not_in_campaign'
    END AS lost_at,
FROM joined_decisions
