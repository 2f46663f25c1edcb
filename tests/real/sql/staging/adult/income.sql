-- One row per person: a yearly income of more than 50,000 dollars, in the same census.
SELECT
    entity_id AS contact_id,
    CASE is_over_50k
        WHEN '1' THEN TRUE
        WHEN '0' THEN FALSE
    END AS is_high,
FROM read_parquet($path)
