-- One row per task: a call, an e-mail or a to-do, about a lead or a case, done or not.
SELECT
    task_id,
    lead_id,
    case_id,
    owner_id,
    kind,
    priority,
    status,
    due_on,
    created_at,
    completed_at,
FROM read_parquet($path)
