-- As group_counts.sql, of a weighted population. Weights and their squares are summed in whole
-- steps of 1/$scale: sums of doubles would differ from run to run.
WITH steps AS (
    SELECT
        COLUMNS('^(attr|stratum)_'),
        outcome,
        selected,
        CAST(round(weight * $scale) AS HUGEINT) AS whole,
    FROM read_parquet($path)
)

SELECT
    COLUMNS('^(attr|stratum)_'),
    outcome,
    selected,
    count(*) AS n,
    CAST(sum(whole) AS DOUBLE) / $scale AS weight,
    CAST(sum(whole * whole) AS DOUBLE) / $scale / $scale AS weight_squared,
FROM steps
GROUP BY ALL
ORDER BY ALL
