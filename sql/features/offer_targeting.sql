-- What a version of the offer targeting model takes: one row per decision of the version that is
-- deployed, its inputs as they were for the decision. lead_scoring.sql says what to look out for.
SELECT
    score_log.decision_id,
    contact.tier_entered AS tier,
    contact.district,
    contact.tenure_years,
    contact.orders_last_year,
    contact.spend_last_year,
    contact.newsletter_opens,
FROM score_log
INNER JOIN contact ON score_log.subject_id = contact.contact_id
WHERE
    score_log.model = 'offer_targeting'
    AND score_log.model_version = $model_version
    AND score_log.decided_at >= $window_start
    AND score_log.decided_at < $window_end
