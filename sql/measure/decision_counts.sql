-- How many rows of each group of one grouping got each decision.
SELECT
    COLUMNS(LAMBDA c: list_contains($columns, c)),
    decision,
    count(*) AS n,
FROM read_parquet($path)
GROUP BY ALL
ORDER BY ALL
