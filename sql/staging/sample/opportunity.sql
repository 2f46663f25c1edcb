-- One row per opportunity; an open one has neither an end nor a result.
SELECT
    opportunity_id,
    closed_at,
    is_won,
FROM read_parquet($path)
