-- One row per lead record. Converted leads are leads like all others.
SELECT
    id AS lead_id,
    "Survey_Respondent" AS respondent_id,
    "Converted_Deal" AS opportunity_id,
    "Created_Time" AS created_at,
    "Salutation" AS salutation,
    "Lead_Source" AS lead_source,
    "Industry" AS industry,
    "Job_Level" AS job_level,
    "Budget_Stated" AS budget_stated,
    coalesce("Test_Record", FALSE) AS is_test,
    coalesce("Lead_Status" = 'Erased', FALSE) AS is_erased,
    CASE
        WHEN "No_of_Employees" < 50 THEN 'small'
        WHEN "No_of_Employees" < 250 THEN 'medium'
        WHEN "No_of_Employees" >= 250 THEN 'large'
    END AS segment,
    CAST("No_of_Employees" AS DOUBLE) AS employees,
    CAST("Website_Visits" AS DOUBLE) AS website_visits,
    CAST("Email_Clicks" AS DOUBLE) AS email_clicks,
FROM read_parquet($path)
