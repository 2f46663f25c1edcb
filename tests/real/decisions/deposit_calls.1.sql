-- Rule R1: call who said yes before, and everybody while money is cheap. It is a fixed stand-in,
-- no model of the bank's, and gives no score. Of the day of a call the month is known.
INSERT INTO ml.score_log (model, model_version, subject_id, selected, decided_at)
SELECT
    'deposit_calls',
    '1',
    CAST(campaign_members.contact_id AS text),
    campaign_members.poutcome = 'success' OR calls.euribor_3_months < 1.5,
    CAST(campaigns.starts_on AS timestamp) AT TIME ZONE 'UTC'
FROM bank_marketing.campaign_members
INNER JOIN bank_marketing.calls USING (contact_id)
INNER JOIN bank_marketing.campaigns USING (campaign_id)
ORDER BY campaign_members.contact_id;
