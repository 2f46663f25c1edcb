-- One row per logged decision of any model.
SELECT
    id AS decision_id,
    "Model" AS model,
    "Model_Version" AS model_version,
    "Subject" AS subject_id,
    "Campaign" AS campaign_id,
    "Score" AS score,
    "Selected" AS selected,
    "Decided_At" AS decided_at,
FROM read_parquet($path)
