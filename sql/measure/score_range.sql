-- The range of the scores, and about how many different ones there are.
SELECT
    min(score) AS lowest,
    max(score) AS highest,
    approx_count_distinct(score) AS distinct_scores,
FROM read_parquet($path)
