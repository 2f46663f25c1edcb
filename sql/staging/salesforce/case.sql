-- One row per case: a request for help, open or closed.
-- Deleted ones are read, and left out here.
SELECT
    "Id" AS case_id,
    "ContactId" AS contact_id,
    "Priority" AS priority,
    "Status" AS status,
    "Opened_At__c" AS opened_at,
    "ClosedDate" AS closed_at,
FROM read_parquet($path)
WHERE NOT "IsDeleted"
