-- One row per lead record. Converted leads are leads like all others.
-- Deleted ones are read, and left out here.
SELECT
    "Id" AS lead_id,
    "Survey_Respondent__c" AS respondent_id,
    "ConvertedOpportunityId" AS opportunity_id,
    "CreatedDate" AS created_at,
    "Salutation" AS salutation,
    "LeadSource" AS lead_source,
    "Industry" AS industry,
    "Job_Level__c" AS job_level,
    "Budget_Stated__c" AS budget_stated,
    coalesce("Test__c", FALSE) AS is_test,
    coalesce("Status" = 'Erased', FALSE) AS is_erased,
    CASE
        WHEN "NumberOfEmployees" < 50 THEN 'small'
        WHEN "NumberOfEmployees" < 250 THEN 'medium'
        WHEN "NumberOfEmployees" >= 250 THEN 'large'
    END AS segment,
    CAST("NumberOfEmployees" AS DOUBLE) AS employees,
    CAST("Website_Visits__c" AS DOUBLE) AS website_visits,
    CAST("Email_Clicks__c" AS DOUBLE) AS email_clicks,
FROM read_parquet($path)
WHERE NOT "IsDeleted"
