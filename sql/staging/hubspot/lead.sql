-- One row per lead record. Converted leads are leads like all others.
-- Archived ones are read, and left out here.
SELECT
    id AS lead_id,
    survey_respondent AS respondent_id,
    converted_deal AS opportunity_id,
    "createdAt" AS created_at,
    salutation,
    lead_source,
    industry,
    job_level,
    budget_stated,
    coalesce(test_record, FALSE) AS is_test,
    coalesce(hs_lead_status = 'Erased', FALSE) AS is_erased,
    CASE
        WHEN numberofemployees < 50 THEN 'small'
        WHEN numberofemployees < 250 THEN 'medium'
        WHEN numberofemployees >= 250 THEN 'large'
    END AS segment,
    CAST(numberofemployees AS DOUBLE) AS employees,
    CAST(website_visits AS DOUBLE) AS website_visits,
    CAST(email_clicks AS DOUBLE) AS email_clicks,
FROM read_parquet($path)
WHERE NOT archived
