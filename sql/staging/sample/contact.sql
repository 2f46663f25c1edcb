-- One row per contact record. 1900-01-01 stands for a birth date nobody asked for; a model gets
-- the tier as it was entered, 'unknown' and all.
SELECT
    contact_id,
    survey_respondent_id AS respondent_id,
    created_at,
    is_test,
    nullif(birth_date, DATE '1900-01-01') AS birth_date,
    nullif(tier, 'unknown') AS tier,
    tier AS tier_entered,
    left(postcode, 2) AS district,
    CAST(tenure_years AS DOUBLE) AS tenure_years,
    CAST(orders_last_year AS DOUBLE) AS orders_last_year,
    CAST(spend_last_year AS DOUBLE) AS spend_last_year,
    CAST(newsletter_opens AS DOUBLE) AS newsletter_opens,
FROM read_parquet($path)
