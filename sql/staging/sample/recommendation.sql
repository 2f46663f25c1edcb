-- One row per product that was recommended to a contact, by its place in the list.
SELECT
    recommendation_id,
    contact_id,
    product_id,
    position,
    shown_at,
    clicked,
FROM read_parquet($path)
