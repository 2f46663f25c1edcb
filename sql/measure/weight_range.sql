-- The smallest and the largest weight, and how many rows have none.
SELECT
    min(weight) AS lowest,
    max(weight) AS highest,
    count_if(weight IS NULL) AS missing,
FROM read_parquet($path)
