-- The score as Aequitas ships it: 1 where COMPAS says medium or high risk, on the screening day.
INSERT INTO ml.score_log (model, model_version, subject_id, score, selected, decided_at)
SELECT
    'recidivism_risk',
    '1',
    entity_id,
    score,
    score = 1,
    CAST(screened_on AS timestamp) AT TIME ZONE 'UTC'
FROM compas.screenings
ORDER BY entity_id;
