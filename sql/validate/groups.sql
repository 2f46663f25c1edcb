-- How many decisions each group of each attribute has, how many of them have a known outcome, and
-- how many a positive one.
WITH grouped AS (
    UNPIVOT (
        SELECT
            COLUMNS('^attr_'),
            outcome,
        FROM read_parquet($path)
    )
    ON COLUMNS('^attr_')
    INTO NAME attribute VALUE attribute_group
)

SELECT
    substr(attribute, 6) AS attribute,
    attribute_group,
    count(*) AS decisions,
    count(outcome) AS labelled,
    count(*) FILTER (WHERE outcome) AS positives,
FROM grouped
GROUP BY ALL
ORDER BY ALL
