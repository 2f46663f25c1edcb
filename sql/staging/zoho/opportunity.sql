-- One row per opportunity; an open one has neither an end nor a result. A closed one has been in
-- its stage since it was closed.
SELECT
    id AS opportunity_id,
    CASE WHEN "Is_Closed" THEN "Stage_Changed_At" END AS closed_at,
    CASE WHEN "Is_Closed" THEN "Is_Won" END AS is_won,
FROM read_parquet($path)
