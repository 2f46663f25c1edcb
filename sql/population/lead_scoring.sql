-- Every decision of the lead scoring model: which leads are called first.
--
-- Good outcome: an opportunity was won within the maturity period after the decision. Nobody
-- knows the outcome of an erased lead. Who a lead is comes from the survey alone.
WITH audited_decisions AS (
    SELECT *,
    FROM score_log
    WHERE
        model = 'lead_scoring'
        AND model_version = $model_version
        AND decided_at >= $window_start
        AND decided_at < $window_end
),

-- A person who was entered twice has two records and one survey invitation. The first counts.
ranked_leads AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY is_test, coalesce(respondent_id, 'not invited ' || lead_id)
            ORDER BY created_at, lead_id
        ) AS nth_record,
    FROM lead
)

SELECT
    audited_decisions.decision_id,
    'lead ' || audited_decisions.subject_id AS subject_key,
    audited_decisions.decided_at,
    audited_decisions.model_version,
    audited_decisions.score,
    audited_decisions.selected,
    CASE
        WHEN NOT ranked_leads.is_erased
            THEN coalesce(
                opportunity.is_won
                AND opportunity.closed_at
                <= audited_decisions.decided_at + to_days($maturity_days),
                FALSE
            )
    END AS outcome,
    self_identification.gender AS attr_gender,
    self_identification.age_band AS attr_age_band,
    ranked_leads.segment AS stratum_segment,
    CASE
        WHEN ranked_leads.lead_id IS NULL THEN 'no_lead'
        WHEN ranked_leads.is_test THEN 'test_record'
        WHEN ranked_leads.nth_record > 1 THEN 'duplicate_lead'
    END AS lost_at,
FROM audited_decisions
LEFT JOIN ranked_leads ON audited_decisions.subject_id = ranked_leads.lead_id
LEFT JOIN opportunity ON ranked_leads.opportunity_id = opportunity.opportunity_id
LEFT JOIN self_identification ON ranked_leads.respondent_id = self_identification.respondent_id
