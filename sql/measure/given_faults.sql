-- What is wrong with a file that was given to be measured: how many rows break each rule. Columns
-- that were not named are NULL throughout; what is counted of them says nothing.
SELECT
    count(*) AS number_of_rows,
    count(*) FILTER (
        outcome <> '' AND lower(outcome) NOT IN ('0', '1', '0.0', '1.0', 'false', 'true')
    ) AS outcome_not_binary,
    count(*) FILTER (
        selected <> '' AND lower(selected) NOT IN ('0', '1', '0.0', '1.0', 'false', 'true')
    ) AS selected_not_binary,
    count(*) FILTER (selected IS NULL OR selected = '') AS selected_empty,
    count(*) FILTER (
        score <> '' AND NOT coalesce(isfinite(try_cast(score AS DOUBLE)), FALSE)
    ) AS score_not_finite,
    count(*) FILTER (
        value <> '' AND NOT coalesce(isfinite(try_cast(value AS DOUBLE)), FALSE)
    ) AS value_not_finite,
    count(*) FILTER (
        NOT coalesce(try_cast(rank AS DOUBLE) BETWEEN 1 AND 1e9, FALSE)
        OR try_cast(rank AS DOUBLE) <> floor(try_cast(rank AS DOUBLE))
    ) AS rank_not_whole,
    count(*) FILTER (
        NOT coalesce(try_cast(weight AS DOUBLE) BETWEEN 1e-100 AND 1e100, FALSE)
    ) AS weight_not_positive,
    count(*) FILTER (decision IS NULL OR decision = '') AS decision_empty,
    count(*) FILTER (subject IS NULL OR subject = '') AS subject_empty,
FROM given
