-- Rows of every group lost at every filter and join, beside all rows of that group.
WITH known AS (
    SELECT
        lost_at,
        coalesce(nullif(trim(COLUMNS('^attr_')), ''), 'unknown') AS '\0',
    FROM decisions
),

long AS (
    UNPIVOT known
    ON COLUMNS('^attr_')
    INTO NAME attribute VALUE attribute_group
),

group_sizes AS (
    SELECT
        attribute,
        attribute_group,
        count(*) AS decisions,
    FROM long
    GROUP BY ALL
)

SELECT
    long.lost_at AS step,
    substr(long.attribute, 6) AS attribute,
    long.attribute_group AS "group",
    count(*) AS rows,
    any_value(group_sizes.decisions) AS "of",
FROM long
INNER JOIN group_sizes USING (attribute, attribute_group)
WHERE long.lost_at IS NOT NULL
GROUP BY ALL
ORDER BY ALL
