-- One row per case: a request for help, open or closed.
-- Archived ones are read, and left out here.
SELECT
    id AS case_id,
    contact AS contact_id,
    hs_ticket_priority AS priority,
    hs_pipeline_stage AS status,
    opened_at,
    closed_date AS closed_at,
FROM read_parquet($path)
WHERE NOT archived
