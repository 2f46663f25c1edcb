-- Every screening: who is flagged as being of medium or high risk.
--
-- Outcome: a new charge within two years, which is what the maturity period must give it.
WITH audited_decisions AS (
    SELECT *,
    FROM score_log
    WHERE
        model = 'recidivism_risk'
        AND model_version = $model_version
        AND decided_at >= $window_start
        AND decided_at < $window_end
)

SELECT
    audited_decisions.decision_id,
    'person ' || audited_decisions.subject_id AS subject_key,
    audited_decisions.decided_at,
    audited_decisions.model_version,
    audited_decisions.score,
    audited_decisions.selected,
    CASE WHEN $maturity_days >= 730 THEN follow_up.has_reoffended END AS outcome,
    contact.race AS attr_race,
    contact.sex AS attr_sex,
    contact.age_cat AS attr_age_cat,
    CASE WHEN contact.contact_id IS NULL THEN 'no_contact' END AS lost_at,
FROM audited_decisions
LEFT JOIN contact ON audited_decisions.subject_id = contact.contact_id
LEFT JOIN follow_up ON audited_decisions.subject_id = follow_up.contact_id
