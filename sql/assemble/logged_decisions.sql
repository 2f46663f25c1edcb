-- How many decisions the score log itself holds for the audit: the population SQL must account
-- for every one of them.
SELECT
    count(*) AS decisions,
FROM score_log
WHERE
    model = $model
    AND model_version = $model_version
    AND decided_at >= $window_start
    AND decided_at < $window_end
