-- One row about the population as a whole: how many decisions have which defect.
SELECT
    count(*) AS decisions,
    count(*) - count(DISTINCT decision_id) AS repeated,
    count(*) FILTER (WHERE score IS NULL) AS score_missing,
    count(*) FILTER (WHERE isnan(score) OR isinf(score)) AS score_not_finite,
    count(*) FILTER (WHERE isfinite(score) AND (score < 0 OR score > 1)) AS score_out_of_range,
    count(*) FILTER (WHERE selected IS NULL) AS selected_missing,
    count(*) FILTER (WHERE selected) AS selected,
    count(*) FILTER (WHERE outcome IS NULL) AS outcome_missing,
FROM read_parquet($path)
