-- How many rows of each group of one grouping stand at each rank of each list, by outcome.
SELECT
    COLUMNS(LAMBDA c: list_contains($columns, c)),
    list,
    rank,
    outcome,
    count(*) AS n,
FROM read_parquet($path)
WHERE outcome IS NOT NULL
GROUP BY ALL
ORDER BY ALL
