-- One row per contact record. 1900-01-01 stands for a birth date nobody asked for.
SELECT
    id AS contact_id,
    "Survey_Respondent" AS respondent_id,
    "Created_Time" AS created_at,
    coalesce("Test_Record", FALSE) AS is_test,
    nullif("Date_of_Birth", DATE '1900-01-01') AS birth_date,
    nullif("Tier", 'unknown') AS tier,
FROM read_parquet($path)
