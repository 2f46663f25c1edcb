-- One row per contact record. 1900-01-01 stands for a birth date nobody asked for; a model gets
-- the tier as it was entered, 'unknown' and all.
-- Deleted ones are read, and left out here.
SELECT
    "Id" AS contact_id,
    "Survey_Respondent__c" AS respondent_id,
    "CreatedDate" AS created_at,
    coalesce("Test__c", FALSE) AS is_test,
    nullif("Birthdate", DATE '1900-01-01') AS birth_date,
    nullif("Tier__c", 'unknown') AS tier,
    "Tier__c" AS tier_entered,
    left("MailingPostalCode", 2) AS district,
    CAST("Tenure_Years__c" AS DOUBLE) AS tenure_years,
    CAST("Orders_Last_Year__c" AS DOUBLE) AS orders_last_year,
    CAST("Spend_Last_Year__c" AS DOUBLE) AS spend_last_year,
    CAST("Newsletter_Opens__c" AS DOUBLE) AS newsletter_opens,
FROM read_parquet($path)
WHERE NOT "IsDeleted"
