-- The retailer's own targeting: households that were sent a campaign of type A in 2017.
--
-- Nobody logged when a household was left out, so the decision is taken as one for the year, on
-- its first day: every redemption in the data comes after it.
INSERT INTO ml.score_log (model, model_version, subject_id, selected, decided_at)
SELECT
    'coupon_mailing',
    '1',
    household_id,
    EXISTS (
        SELECT 1
        FROM complete_journey.campaign_members
        INNER JOIN complete_journey.campaigns USING (campaign_id)
        WHERE
            campaign_members.household_id = accounts.household_id
            AND campaigns.campaign_type = 'Type A'
    ),
    TIMESTAMPTZ '2017-01-01 00:00:00+00'
FROM complete_journey.accounts
ORDER BY household_id;
