-- One row per opportunity; an open one has neither an end nor a result. A closed one has been in
-- its stage since it was closed.
-- Deleted ones are read, and left out here.
SELECT
    "Id" AS opportunity_id,
    CASE WHEN "IsClosed" THEN "LastStageChangeDate" END AS closed_at,
    CASE WHEN "IsClosed" THEN "IsWon" END AS is_won,
FROM read_parquet($path)
WHERE NOT "IsDeleted"
