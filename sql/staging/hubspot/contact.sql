-- One row per contact record. 1900-01-01 stands for a birth date nobody asked for.
-- Archived ones are read, and left out here.
SELECT
    id AS contact_id,
    survey_respondent AS respondent_id,
    "createdAt" AS created_at,
    coalesce(test_record, FALSE) AS is_test,
    nullif(date_of_birth, DATE '1900-01-01') AS birth_date,
    nullif(tier, 'unknown') AS tier,
FROM read_parquet($path)
WHERE NOT archived
