-- One row per coupon that a household redeemed; of a day, the end counts.
SELECT
    household_id AS contact_id,
    campaign_id,
    coupon_upc,
    CAST(redeemed_on + 1 AS TIMESTAMPTZ) AS redeemed_at,
FROM read_parquet($path)
