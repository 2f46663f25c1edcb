-- One row per opportunity; an open one has neither an end nor a result. A closed one has been in
-- its stage since it was closed.
-- Archived ones are read, and left out here.
SELECT
    id AS opportunity_id,
    CASE WHEN hs_is_closed THEN stage_changed_at END AS closed_at,
    CASE WHEN hs_is_closed THEN hs_is_closed_won END AS is_won,
FROM read_parquet($path)
WHERE NOT archived
