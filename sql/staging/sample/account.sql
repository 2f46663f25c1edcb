-- One row per account: a company that buys.
SELECT
    account_id,
    industry,
    employees,
    created_at,
FROM read_parquet($path)
