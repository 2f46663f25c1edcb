-- One row per task: a call, an e-mail or a to-do, about a lead or a case, done or not. What_Id is
-- a lead, a case or another record; ids are unique over all modules: what is no lead finds none.
-- What is about a contact alone has it in Who_Id. Task_Type is a field of your own: Zoho's tasks
-- have none. Calls that were logged as such are a module of their own.
SELECT
    id AS task_id,
    "What_Id" AS lead_id,
    "What_Id" AS case_id,
    "Owner" AS owner_id,
    lower("Task_Type") AS kind,
    "Priority" AS priority,
    "Status" AS status,
    "Due_Date" AS due_on,
    "Created_Time" AS created_at,
    "Closed_Time" AS completed_at,
FROM read_parquet($path)
