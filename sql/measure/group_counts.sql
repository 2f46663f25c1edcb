-- The fine group counts of a population: how many decisions fall into each combination of
-- attributes, strata, outcome (NULL = not known) and selection. Scores are not read, so a NaN
-- or infinite score cannot reach a metric through here.
SELECT
    COLUMNS('^(attr|stratum)_'),
    outcome,
    selected,
    count(*) AS n,
FROM read_parquet($path)
GROUP BY ALL
ORDER BY ALL
