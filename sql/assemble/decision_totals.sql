-- One row that says whether the decisions can be trusted to be one row each.
SELECT
    count(*) AS decisions,
    count(DISTINCT decision_id) AS distinct_decisions,
    count(*) FILTER (WHERE lost_at IS NULL) AS kept,
    count(*) FILTER (WHERE lost_at IS NULL AND selected IS NULL) AS undecided,
    count(*) FILTER (WHERE lost_at IS NULL AND subject_key IS NULL) AS without_subject,
    count(DISTINCT subject_key) FILTER (WHERE lost_at IS NULL) AS subjects,
FROM decisions
