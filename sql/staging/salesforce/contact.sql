-- One row per contact record. 1900-01-01 stands for a birth date nobody asked for.
-- Deleted ones are read, and left out here.
SELECT
    "Id" AS contact_id,
    "Survey_Respondent__c" AS respondent_id,
    "CreatedDate" AS created_at,
    coalesce("Test__c", FALSE) AS is_test,
    nullif("Birthdate", DATE '1900-01-01') AS birth_date,
    nullif("Tier__c", 'unknown') AS tier,
FROM read_parquet($path)
WHERE NOT "IsDeleted"
