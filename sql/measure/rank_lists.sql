-- The exposure of each group of one grouping in each list, in steps of 2^-40.
SELECT
    COLUMNS(LAMBDA c: list_contains($columns, c)),
    list,
    count(*) AS n,
    sum(CAST(round(1099511627776 / log2(1 + rank)) AS HUGEINT)) AS exposure,
FROM read_parquet($path)
GROUP BY ALL
ORDER BY ALL
