-- One row per case: a request for help, open or closed.
SELECT
    id AS case_id,
    "Related_To" AS contact_id,
    "Priority" AS priority,
    "Status" AS status,
    "Opened_At" AS opened_at,
    "Closed_At" AS closed_at,
FROM read_parquet($path)
