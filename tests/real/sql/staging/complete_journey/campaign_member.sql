-- One row per household that was sent a campaign.
SELECT DISTINCT
    household_id AS contact_id,
    campaign_id,
FROM read_parquet($path)
