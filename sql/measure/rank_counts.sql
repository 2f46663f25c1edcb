-- How many rows of each group of one grouping stand at each rank, by outcome, over all lists.
SELECT
    COLUMNS(LAMBDA c: list_contains($columns, c)),
    rank,
    outcome,
    count(*) AS n,
FROM read_parquet($path)
GROUP BY ALL
ORDER BY ALL
