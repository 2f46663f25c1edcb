-- The score read the other way round: 0 selects. No date is known; the census year stands for all.
INSERT INTO ml.score_log (model, model_version, subject_id, score, selected, decided_at)
SELECT
    'income_forecast',
    '2',
    entity_id,
    1 - score,
    score = 0,
    TIMESTAMPTZ '1994-01-01 00:00:00+00'
FROM adult.predictions
ORDER BY entity_id;
