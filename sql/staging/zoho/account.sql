-- One row per account: a company that buys.
SELECT
    id AS account_id,
    "Industry" AS industry,
    CAST("Employees" AS INTEGER) AS employees,
    "Created_Time" AS created_at,
FROM read_parquet($path)
