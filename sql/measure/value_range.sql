-- The largest size of a value, and of its distance from the score that predicts it.
SELECT
    max(abs(value)) AS largest,
    max(abs(value - score)) AS largest_error,
FROM read_parquet($path)
