-- One row per product that was recommended to a contact, by its place in the list.
-- Archived ones are read, and left out here.
SELECT
    id AS recommendation_id,
    contact AS contact_id,
    product AS product_id,
    CAST(position AS INTEGER) AS position,
    shown_at,
    clicked,
FROM read_parquet($path)
WHERE NOT archived
