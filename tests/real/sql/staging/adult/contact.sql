-- One row per person.
SELECT
    entity_id AS contact_id,
    gender,
    race,
    education,
FROM read_parquet($path)
