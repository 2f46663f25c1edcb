-- How often each group of one attribute is to be expected in each cell: the sum of its
-- probabilities, in steps of 2^-40, and in how many rows it alone is the most probable.
WITH decisions AS (
    SELECT
        outcome,
        selected,
        list_transform(
            list_value(*COLUMNS(LAMBDA c: list_contains($probabilities, c))),
            LAMBDA p: CAST(round(CAST(p AS DOUBLE) * 1099511627776) AS HUGEINT)
        ) AS steps,
    FROM read_parquet($path)
),

placed AS (
    SELECT
        generate_subscripts(steps, 1) AS place,
        steps,
        outcome,
        selected,
    FROM decisions
)

SELECT
    place,
    outcome,
    selected,
    CAST(sum(steps[place]) AS DOUBLE) / 1099511627776 AS expected,
    count(*) FILTER (
        steps[place] = list_max(steps)
        AND len(list_filter(steps, LAMBDA step: step = list_max(steps))) = 1
    ) AS most_probable,
FROM placed
GROUP BY ALL
ORDER BY ALL
