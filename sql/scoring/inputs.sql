-- What the model takes, in the order of the population's rows. Who a row is about stays behind.
SELECT features.* EXCLUDE (decision_id),  -- noqa: AM04,RF02
FROM read_parquet($path, file_row_number = TRUE) AS population
INNER JOIN features ON population.decision_id = CAST(features.decision_id AS VARCHAR)
ORDER BY population.file_row_number
