-- The same decisions, as they were made and as the candidate would make them: how many say what,
-- for every combination of groups.
WITH decided AS (
    SELECT
        decision_id,
        selected AS selected_before,
    FROM read_parquet($decided)
),

candidate AS (
    SELECT
        decision_id,
        selected AS selected_after,
        COLUMNS('^attr_'),
    FROM read_parquet($candidate)
)

SELECT
    COLUMNS('^(attr|selected)_'),
    count(*) AS pairs,
FROM decided
INNER JOIN candidate USING (decision_id)
GROUP BY ALL
