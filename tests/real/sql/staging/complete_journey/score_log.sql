-- One row per logged decision of any model.
SELECT
    decision_id,
    model,
    model_version,
    subject_id,
    score,
    selected,
    decided_at,
FROM read_parquet($path)
