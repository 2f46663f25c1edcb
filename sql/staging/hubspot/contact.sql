-- One row per contact record. 1900-01-01 stands for a birth date nobody asked for; a model gets
-- the tier as it was entered, 'unknown' and all.
-- Archived ones are read, and left out here.
SELECT
    id AS contact_id,
    survey_respondent AS respondent_id,
    "createdAt" AS created_at,
    coalesce(test_record, FALSE) AS is_test,
    nullif(date_of_birth, DATE '1900-01-01') AS birth_date,
    nullif(tier, 'unknown') AS tier,
    tier AS tier_entered,
    left(zip, 2) AS district,
    CAST(tenure_years AS DOUBLE) AS tenure_years,
    CAST(orders_last_year AS DOUBLE) AS orders_last_year,
    CAST(spend_last_year AS DOUBLE) AS spend_last_year,
    CAST(newsletter_opens AS DOUBLE) AS newsletter_opens,
FROM read_parquet($path)
WHERE NOT archived
