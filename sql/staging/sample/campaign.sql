-- One row per campaign.
SELECT
    campaign_id,
    channel,
    product_id,
    starts_on,
    ends_on,
FROM read_parquet($path)
