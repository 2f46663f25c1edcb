-- One row per contact in a campaign, however often it was added; its first answer counts.
-- Deleted ones are read, and left out here.
SELECT
    "CampaignId" AS campaign_id,
    "ContactId" AS contact_id,
    min("Responded_At__c") AS responded_at,
FROM read_parquet($path)
WHERE NOT "IsDeleted"
GROUP BY ALL
