-- Every decision of the call list: whom the bank calls about a term deposit.
--
-- Good outcome: the person subscribed in the campaign. It is known when the campaign is over, if
-- that is within the maturity period. Everybody was called in fact, so it is known for all.
WITH audited_decisions AS (
    SELECT *,
    FROM score_log
    WHERE
        model = 'deposit_calls'
        AND model_version = $model_version
        AND decided_at >= $window_start
        AND decided_at < $window_end
)

SELECT
    audited_decisions.decision_id,
    'contact ' || audited_decisions.subject_id AS subject_key,
    audited_decisions.decided_at,
    audited_decisions.model_version,
    audited_decisions.score,
    audited_decisions.selected,
    CASE
        WHEN campaign.ends_at <= audited_decisions.decided_at + to_days($maturity_days)
            THEN campaign_member.has_subscribed
    END AS outcome,
    contact.age_band AS attr_age_band,
    contact.marital AS attr_marital,
    contact.education AS attr_education,
    contact.job AS attr_job,
    CASE
        WHEN contact.contact_id IS NULL THEN 'no_contact'
        WHEN campaign_member.contact_id IS NULL THEN 'not_in_campaign'
    END AS lost_at,
FROM audited_decisions
LEFT JOIN contact ON audited_decisions.subject_id = contact.contact_id
LEFT JOIN campaign_member ON audited_decisions.subject_id = campaign_member.contact_id
LEFT JOIN campaign ON campaign_member.campaign_id = campaign.campaign_id
