-- One row per contact in a campaign, however often it was added; its first answer counts.
SELECT
    campaign_id,
    contact_id,
    min(responded_at) AS responded_at,
FROM read_parquet($path)
GROUP BY ALL
