-- One row per lead record. Archived and converted leads are leads like all others.
SELECT
    lead_id,
    survey_respondent_id AS respondent_id,
    converted_opportunity_id AS opportunity_id,
    created_at,
    salutation,
    lead_source,
    industry,
    job_level,
    budget_stated,
    is_test,
    coalesce(status = 'Erased', FALSE) AS is_erased,
    CASE
        WHEN employees < 50 THEN 'small'
        WHEN employees < 250 THEN 'medium'
        WHEN employees >= 250 THEN 'large'
    END AS segment,
    CAST(employees AS DOUBLE) AS employees,
    CAST(website_visits AS DOUBLE) AS website_visits,
    CAST(email_clicks AS DOUBLE) AS email_clicks,
FROM read_parquet($path)
