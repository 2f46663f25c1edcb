-- One row per person: charged again within two years of the screening, by definition of the file.
SELECT
    entity_id AS contact_id,
    CASE reoffended_within_two_years
        WHEN '1' THEN TRUE
        WHEN '0' THEN FALSE
    END AS has_reoffended,
FROM read_parquet($path)
