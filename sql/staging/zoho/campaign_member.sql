-- One row per contact in a campaign, however often it was added; its first answer counts.
SELECT
    "Campaign" AS campaign_id,
    "Member" AS contact_id,
    min("Responded_At") AS responded_at,
FROM read_parquet($path)
GROUP BY ALL
