-- One row per logged decision of any model.
-- Archived ones are read, and left out here.
SELECT
    id AS decision_id,
    model,
    model_version,
    subject AS subject_id,
    campaign AS campaign_id,
    score,
    selected,
    decided_at,
FROM read_parquet($path)
WHERE NOT archived
