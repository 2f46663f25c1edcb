-- One row per product.
SELECT
    id AS product_id,
    "Product_Category" AS family,
    CAST("Unit_Price" AS DECIMAL(12, 2)) AS list_price,
    "Product_Active" AS is_active,
FROM read_parquet($path)
