-- One row per product.
-- Deleted ones are read, and left out here.
SELECT
    "Id" AS product_id,
    "Family" AS family,
    CAST("List_Price__c" AS DECIMAL(12, 2)) AS list_price,
    "IsActive" AS is_active,
FROM read_parquet($path)
WHERE NOT "IsDeleted"
