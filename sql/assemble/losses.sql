-- Rows of every group lost at every filter and join, beside all rows of that group.
WITH known AS (
    SELECT
        lost_at,
        coalesce(nullif(trim(COLUMNS('^attr_')), ''), 'unknown') AS '\0',
    FROM decisions
),

known_groups AS (
    UNPIVOT known
    ON COLUMNS('^attr_')
    INTO NAME attribute VALUE attribute_group
),

group_sizes AS (
    SELECT
        attribute,
        attribute_group,
        count(*) AS decisions,
    FROM known_groups
    GROUP BY ALL
)

SELECT
    known_groups.lost_at,
    substr(known_groups.attribute, 6) AS attribute,
    known_groups.attribute_group,
    count(*) AS lost,
    any_value(group_sizes.decisions) AS decisions,
FROM known_groups
INNER JOIN group_sizes USING (attribute, attribute_group)
WHERE known_groups.lost_at IS NOT NULL
GROUP BY ALL
ORDER BY ALL
