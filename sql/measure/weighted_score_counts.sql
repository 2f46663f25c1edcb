-- As score_counts.sql, of a weighted population, with weights as in weighted_group_counts.sql.
WITH steps AS (
    SELECT
        COLUMNS(LAMBDA c: list_contains($columns, c)),
        outcome,
        CASE
            WHEN $grid > 0 THEN floor((score - $origin) * $grid) / $grid
            ELSE CAST(score - $origin AS DOUBLE)
        END AS score,
        CAST(round(weight * $scale) AS HUGEINT) AS whole,
    FROM read_parquet($path)
    WHERE score IS NOT NULL
)

SELECT
    COLUMNS(LAMBDA c: list_contains($columns, c)),
    outcome,
    score,
    count(*) AS n,
    CAST(sum(whole) AS DOUBLE) / $scale AS weight,
    CAST(sum(whole * whole) AS DOUBLE) / $scale / $scale AS weight_squared,
FROM steps
GROUP BY ALL
ORDER BY ALL
