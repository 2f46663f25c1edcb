-- The version of the model that entered the score log last: a shadow-scored candidate wins over
-- the version in production. Between versions that entered together the higher number wins.
SELECT
    model_version,
FROM score_log
WHERE
    model = $model
    AND decided_at >= $window_start
    AND decided_at < $window_end
GROUP BY model_version
ORDER BY
    min(decided_at) DESC,
    try_cast(model_version AS BIGINT) DESC NULLS LAST,
    model_version DESC
LIMIT 1
