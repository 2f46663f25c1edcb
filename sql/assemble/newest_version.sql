-- The version of the model that entered the score log last: a shadow-scored candidate wins over
-- the version in production. Between versions that entered together the higher number wins. The
-- version that a candidate is to be compared with is another than itself, if there is one.
SELECT
    model_version,
FROM score_log
WHERE
    model = $model
    AND decided_at >= $window_start
    AND decided_at < $window_end
GROUP BY model_version
ORDER BY
    model_version IS NOT DISTINCT FROM $candidate,
    min(decided_at) DESC,
    try_cast(model_version AS BIGINT) DESC NULLS LAST,
    model_version DESC
LIMIT 1
