-- One row per campaign.
-- Deleted ones are read, and left out here.
SELECT
    "Id" AS campaign_id,
    "Type" AS channel,
    "Product__c" AS product_id,
    "StartDate" AS starts_on,
    "EndDate" AS ends_on,
FROM read_parquet($path)
WHERE NOT "IsDeleted"
