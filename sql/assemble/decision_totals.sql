-- One row that says whether the decisions can be trusted to be one row each.
SELECT
    count(*) AS decisions,
    count(DISTINCT decision_id) AS distinct_decisions,
    count(*) FILTER (WHERE lost_at IS NULL) AS kept,
    count(*) FILTER (WHERE lost_at IS NULL AND selected IS NULL) AS undecided,
    count(*) FILTER (WHERE lost_at IS NULL AND subject_key IS NULL) AS without_subject,
    -- By hash, in half the time and memory. Two subjects with one hash would be met as one who has
    -- several decisions, which are looked at then.
    count(DISTINCT hash(subject_key)) FILTER (
        WHERE lost_at IS NULL AND subject_key IS NOT NULL
    ) AS subjects,
FROM decisions
