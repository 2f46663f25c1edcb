-- What a version of the lead scoring model takes: one row per decision of the version that is
-- deployed, its inputs as they were for the decision.
--
-- The sample CRM never overwrites these columns. In a CRM that does, take them from a table that
-- keeps what the model saw: a lead that was won looks different afterwards. An erased lead has no
-- salutation any more. A version takes what it knows of these; the rest is not given to it.
SELECT
    score_log.decision_id,
    lead.salutation,
    lead.lead_source,
    lead.industry,
    lead.job_level,
    lead.budget_stated,
    lead.employees,
    lead.website_visits,
    lead.email_clicks,
FROM score_log
INNER JOIN lead ON score_log.subject_id = lead.lead_id
WHERE
    score_log.model = 'lead_scoring'
    AND score_log.model_version = $model_version
    AND score_log.decided_at >= $window_start
    AND score_log.decided_at < $window_end
