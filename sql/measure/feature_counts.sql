-- How many decisions have each combination of features, per group of one grouping, by outcome and
-- selection: what neighbours are looked for among.
SELECT
    COLUMNS(LAMBDA c: list_contains($columns, c)),
    CAST(COLUMNS('^feature_') AS DOUBLE) AS '\0',
    outcome,
    selected,
    count(*) AS n,
FROM read_parquet($path)
GROUP BY ALL
ORDER BY ALL
