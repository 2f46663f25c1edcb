-- One row per account: a company that buys.
-- Archived ones are read, and left out here.
SELECT
    id AS account_id,
    industry,
    CAST(numberofemployees AS INTEGER) AS employees,
    "createdAt" AS created_at,
FROM read_parquet($path)
WHERE NOT archived
