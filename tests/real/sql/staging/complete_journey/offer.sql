-- One row per coupon of a campaign, for however many products it is good and often it is listed.
SELECT DISTINCT
    campaign_id,
    coupon_upc,
FROM read_parquet($path)
