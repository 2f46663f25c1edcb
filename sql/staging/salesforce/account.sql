-- One row per account: a company that buys.
-- Deleted ones are read, and left out here.
SELECT
    "Id" AS account_id,
    "Industry" AS industry,
    CAST("NumberOfEmployees" AS INTEGER) AS employees,
    "CreatedDate" AS created_at,
FROM read_parquet($path)
WHERE NOT "IsDeleted"
