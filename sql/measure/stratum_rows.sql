-- The rows of one stratum, all of their columns.
SELECT COLUMNS('.'),
FROM read_parquet($path)
WHERE coalesce(COLUMNS(LAMBDA c: list_contains($columns, c)), 'unknown') = $stratum
