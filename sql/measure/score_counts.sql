-- How many decisions have each score, per group of one grouping and outcome. On a grid, scores are
-- rounded down to its lines ($grid to a unit); without one every score counts for itself. They are
-- counted from $origin on, lest large whole numbers become one.
SELECT
    COLUMNS(LAMBDA c: list_contains($columns, c)),
    outcome,
    CASE
        WHEN $grid > 0 THEN floor((score - $origin) * $grid) / $grid
        ELSE CAST(score - $origin AS DOUBLE)
    END AS score,
    count(*) AS n,
FROM read_parquet($path)
WHERE score IS NOT NULL
GROUP BY ALL
ORDER BY ALL
