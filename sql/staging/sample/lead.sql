-- One row per lead record. Archived and converted leads are leads like all others.
SELECT
    lead_id,
    survey_respondent_id AS respondent_id,
    converted_opportunity_id AS opportunity_id,
    created_at,
    is_test,
    coalesce(status = 'Erased', FALSE) AS is_erased,
    CASE
        WHEN employees < 50 THEN 'small'
        WHEN employees < 250 THEN 'medium'
        WHEN employees >= 250 THEN 'large'
    END AS segment,
FROM read_parquet($path)
