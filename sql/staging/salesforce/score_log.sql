-- One row per logged decision of any model.
-- Deleted ones are read, and left out here.
SELECT
    "Id" AS decision_id,
    "Model__c" AS model,
    "Model_Version__c" AS model_version,
    "Subject__c" AS subject_id,
    "Campaign__c" AS campaign_id,
    "Score__c" AS score,
    "Selected__c" AS selected,
    "Decided_At__c" AS decided_at,
FROM read_parquet($path)
WHERE NOT "IsDeleted"
