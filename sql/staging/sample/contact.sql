-- One row per contact record. 1900-01-01 stands for a birth date nobody asked for.
SELECT
    contact_id,
    survey_respondent_id AS respondent_id,
    created_at,
    is_test,
    nullif(birth_date, DATE '1900-01-01') AS birth_date,
    nullif(tier, 'unknown') AS tier,
FROM read_parquet($path)
