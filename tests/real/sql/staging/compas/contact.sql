-- One row per person.
SELECT
    entity_id AS contact_id,
    race,
    sex,
    age_cat,
FROM read_parquet($path)
