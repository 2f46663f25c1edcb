-- As group_counts.sql, of a weighted population. Weights are summed in millionths, as whole
-- numbers: sums of doubles would differ from run to run.
SELECT
    COLUMNS('^(attr|stratum)_'),
    outcome,
    selected,
    count(*) AS n,
    CAST(sum(CAST(round(weight * 1000000) AS HUGEINT)) AS DOUBLE) / 1000000 AS weight,
    CAST(sum(CAST(round(weight * weight * 1000000) AS HUGEINT)) AS DOUBLE)
    / 1000000 AS weight_squared,
FROM read_parquet($path)
GROUP BY ALL
ORDER BY ALL
