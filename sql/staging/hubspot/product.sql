-- One row per product.
-- Archived ones are read, and left out here.
SELECT
    id AS product_id,
    hs_product_type AS family,
    CAST(price AS DECIMAL(12, 2)) AS list_price,
    active AS is_active,
FROM read_parquet($path)
WHERE NOT archived
