-- One row per task: a call, an e-mail or a to-do, about a lead or a case, done or not. WhoId is a
-- lead or a contact, WhatId a case or any other object: what is no lead finds no lead.
-- Deleted ones are read, and left out here; closed ones that were archived count.
SELECT
    "Id" AS task_id,
    "WhoId" AS lead_id,
    "WhatId" AS case_id,
    "OwnerId" AS owner_id,
    CASE lower("TaskSubtype") WHEN 'task' THEN 'todo' ELSE lower("TaskSubtype") END AS kind,
    "Priority" AS priority,
    "Status" AS status,
    "ActivityDate" AS due_on,
    "CreatedDate" AS created_at,
    "CompletedDateTime" AS completed_at,
FROM read_parquet($path)
WHERE NOT "IsDeleted"
