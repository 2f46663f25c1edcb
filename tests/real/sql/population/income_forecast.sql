-- Every forecast: who is taken to earn more than 50,000 dollars a year.
--
-- Outcome: the income in the same census, so it is known at once.
WITH audited_decisions AS (
    SELECT *,
    FROM score_log
    WHERE
        model = 'income_forecast'
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
    income.is_high AS outcome,
    contact.gender AS attr_gender,
    contact.race AS attr_race,
    contact.education AS attr_education,
    CASE WHEN contact.contact_id IS NULL THEN 'no_contact' END AS lost_at,
FROM audited_decisions
LEFT JOIN contact ON audited_decisions.subject_id = contact.contact_id
LEFT JOIN income ON audited_decisions.subject_id = income.contact_id
