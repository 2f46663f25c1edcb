-- One row per household that told who it is; what it left open is NULL.
SELECT
    household_id AS contact_id,
    age,
    income,
    marital_status,
FROM read_parquet($path)
