-- One row per person. The bank writes `unknown` where it does not know.
SELECT
    CAST(contact_id AS VARCHAR) AS contact_id,
    CASE
        WHEN age < 25 THEN 'under 25'
        WHEN age < 60 THEN '25-59'
        WHEN age >= 60 THEN '60+'
    END AS age_band,
    nullif(marital, 'unknown') AS marital,
    nullif(education, 'unknown') AS education,
    nullif(job, 'unknown') AS job,
FROM read_parquet($path)
