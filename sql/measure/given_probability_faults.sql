-- The first row of a file that was given to be measured whose probabilities of one attribute are
-- none: the place of the first that is no number from 0 to 1, or 0 where their sum is not 1.
WITH numbered AS (
    SELECT
        row_number() OVER () AS number,
        list_transform(
            list_value(*COLUMNS(LAMBDA c: list_contains($probabilities, c))),
            LAMBDA p: try_cast(p AS DOUBLE)
        ) AS probabilities,
    FROM given
),

judged AS (
    SELECT
        number,
        probabilities,
        list_transform(probabilities, LAMBDA p: coalesce(p BETWEEN 0 AND 1, FALSE)) AS fit,
    FROM numbered
)

SELECT
    number,
    coalesce(list_position(fit, FALSE), 0) AS place,
FROM judged
WHERE list_contains(fit, FALSE) OR round(abs(list_sum(probabilities) - 1), 12) > 1e-6
ORDER BY number
LIMIT 1
