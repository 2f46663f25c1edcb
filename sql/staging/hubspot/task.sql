-- One row per task: a call, an e-mail or a to-do, about a lead or a case, done or not.
-- Archived ones are read, and left out here. HubSpot associates a task with its records outside
-- its properties, which are all that is read: lead and ticket are properties of your own, filled
-- by a workflow with the record's id. It is due at hs_timestamp, a moment.
SELECT
    id AS task_id,
    lead AS lead_id,
    ticket AS case_id,
    hubspot_owner_id AS owner_id,
    lower(hs_task_type) AS kind,
    hs_task_priority AS priority,
    hs_task_status AS status,
    CAST(hs_timestamp AT TIME ZONE 'UTC' AS DATE) AS due_on,
    "createdAt" AS created_at,
    hs_task_completion_date AS completed_at,
FROM read_parquet($path)
WHERE NOT archived
