-- One row per monthly campaign; of its last day, the end counts.
SELECT
    campaign_id,
    CAST(ends_on + 1 AS TIMESTAMPTZ) AS ends_at,
FROM read_parquet($path)
