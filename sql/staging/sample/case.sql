-- One row per case: a request for help, open or closed.
SELECT
    case_id,
    contact_id,
    priority,
    status,
    opened_at,
    closed_at,
FROM read_parquet($path)
