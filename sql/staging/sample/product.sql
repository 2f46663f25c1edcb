-- One row per product.
SELECT
    product_id,
    family,
    list_price,
    is_active,
FROM read_parquet($path)
