-- One row per campaign.
-- Archived ones are read, and left out here.
SELECT
    id AS campaign_id,
    channel,
    product AS product_id,
    start_date AS starts_on,
    end_date AS ends_on,
FROM read_parquet($path)
WHERE NOT archived
