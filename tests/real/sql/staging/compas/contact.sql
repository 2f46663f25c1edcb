-- One row per person.
SELECT
    entity_id,
    race,
    sex,
    age_cat,
FROM read_parquet($path)
