-- One row that says whether every decision of the population has its inputs, and has them once.
SELECT
    count(*) AS joined,
    count(features.decision_id) AS found,
FROM read_parquet($path) AS population
LEFT JOIN features ON population.decision_id = CAST(features.decision_id AS VARCHAR)
