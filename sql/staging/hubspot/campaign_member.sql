-- One row per contact in a campaign, however often it was added; its first answer counts.
-- Archived ones are read, and left out here.
SELECT
    campaign AS campaign_id,
    contact AS contact_id,
    min(responded_at) AS responded_at,
FROM read_parquet($path)
WHERE NOT archived
GROUP BY ALL
