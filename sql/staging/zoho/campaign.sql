-- One row per campaign.
SELECT
    id AS campaign_id,
    "Type" AS channel,
    "Product" AS product_id,
    "Start_Date" AS starts_on,
    "End_Date" AS ends_on,
FROM read_parquet($path)
