-- The score as delivered: 1 selects. No date is known; the census year stands for all.
INSERT INTO ml.score_log (model, model_version, subject_id, score, selected, decided_at)
SELECT
    'income_forecast',
    '1',
    entity_id,
    score,
    score = 1,
    TIMESTAMPTZ '1994-01-01 00:00:00+00'
FROM adult.predictions
ORDER BY entity_id;
