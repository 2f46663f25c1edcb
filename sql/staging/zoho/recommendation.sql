-- One row per product that was recommended to a contact, by its place in the list.
SELECT
    id AS recommendation_id,
    "Shown_To" AS contact_id,
    "Product" AS product_id,
    CAST("Position" AS INTEGER) AS position,
    "Shown_At" AS shown_at,
    "Clicked" AS clicked,
FROM read_parquet($path)
