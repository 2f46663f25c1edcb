-- The decisions under audit. The subject's own id is replaced by its HMAC-SHA-256: $inner_pad and
-- $outer_pad are the key combined with the two pads of RFC 2104.
SELECT
    CAST(decision_id AS VARCHAR) AS decision_id,
    sha256($outer_pad || unhex(sha256($inner_pad || encode(subject_key)))) AS subject_id,
    decided_at,
    model_version,
    -- The score, and what else there is to measure, in whatever order.
    COLUMNS('^(score|decision|value|rank|list)$'),
    selected,
    outcome,
    coalesce(nullif(trim(COLUMNS('^(attr|stratum)_')), ''), 'unknown') AS '\0',
FROM decisions
WHERE lost_at IS NULL
ORDER BY ALL
