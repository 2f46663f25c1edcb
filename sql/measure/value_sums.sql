-- Sums over the values of each group of one grouping, in whole steps of 1/$scale: sums of doubles
-- would differ from run to run.
WITH steps AS (
    SELECT
        COLUMNS(LAMBDA c: list_contains($columns, c)),
        value,
        CAST(round(value * $scale) AS HUGEINT) AS whole,
        CAST(round((value - score) * $scale) AS HUGEINT) AS error,
    FROM read_parquet($path)
    WHERE value IS NOT NULL
)

SELECT
    COLUMNS(LAMBDA c: list_contains($columns, c)),
    count(*) AS n,
    sum(whole) AS total,
    sum(whole * whole) AS squares,
    count(error) AS errors,
    sum(error) AS error_total,
    sum(abs(error)) AS error_sizes,
    sum(error * error) AS error_squares,
    quantile_cont(value, [0.1, 0.25, 0.5, 0.75, 0.9]) AS quantiles,
FROM steps
GROUP BY ALL
ORDER BY ALL
