-- Sums over subjects of products: of how often a group is to be expected among the decisions about
-- one of them in a cell, and how often a group (the same or another) in a cell. In steps of 2^-40.
WITH decisions AS (
    SELECT
        subject,
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
        subject,
        outcome,
        selected,
        generate_subscripts(steps, 1) AS place,
        unnest(steps) AS step,
    FROM decisions
),

expected AS (
    SELECT
        subject,
        outcome,
        selected,
        place,
        sum(step) AS steps,
    FROM placed
    WHERE step > 0
    GROUP BY ALL
)

SELECT
    one.place,
    one.outcome,
    one.selected,
    other.place AS other_place,
    other.outcome AS other_outcome,
    other.selected AS other_selected,
    CAST(sum(one.steps * other.steps) AS DOUBLE) / 1099511627776 / 1099511627776 AS product,
FROM expected AS one
INNER JOIN expected AS other ON one.subject = other.subject
GROUP BY ALL
ORDER BY ALL
