-- Every decision of the year's mailing: which households get the campaigns of type A.
--
-- Good outcome: the household redeemed a coupon of a campaign it was sent, of any type, within the
-- maturity period. Who is sent more can redeem more, so the outcome depends on the decision:
-- redemptions describe the groups, but no error rate of the mailing can be read off them.
WITH audited_decisions AS (
    SELECT *,
    FROM score_log
    WHERE
        model = 'coupon_mailing'
        AND model_version = $model_version
        AND decided_at >= $window_start
        AND decided_at < $window_end
),

first_redemptions AS (
    SELECT
        redemption.contact_id,
        min(redemption.redeemed_at) AS redeemed_at,
    FROM redemption
    INNER JOIN campaign_member USING (contact_id, campaign_id)
    INNER JOIN offer USING (campaign_id, coupon_upc)
    GROUP BY ALL
)

SELECT
    audited_decisions.decision_id,
    'household ' || audited_decisions.subject_id AS subject_key,
    audited_decisions.decided_at,
    audited_decisions.model_version,
    audited_decisions.score,
    audited_decisions.selected,
    coalesce(
        first_redemptions.redeemed_at <= audited_decisions.decided_at + to_days($maturity_days),
        FALSE
    ) AS outcome,
    contact.age AS attr_age,
    contact.income AS attr_income,
    contact.marital_status AS attr_marital_status,
    CASE WHEN contact.contact_id IS NULL THEN 'no_demographics' END AS lost_at,
FROM audited_decisions
LEFT JOIN contact ON audited_decisions.subject_id = contact.contact_id
LEFT JOIN first_redemptions ON audited_decisions.subject_id = first_redemptions.contact_id
