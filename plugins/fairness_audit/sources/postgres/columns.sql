-- The columns of one relation in their order; a domain counts as the type it is made from.
WITH RECURSIVE unfolded AS (
    SELECT
        a.attnum,
        a.attname,
        format_type(a.atttypid, a.atttypmod) AS source_type,
        has_column_privilege(a.attrelid, a.attnum, 'SELECT') AS readable,
        a.attcollation <> 0 AS is_collatable,
        a.atttypid AS type_id,
        a.atttypmod AS modifier
    FROM pg_attribute AS a
    WHERE
        a.attrelid = $1::oid
        AND a.attnum > 0
        AND NOT a.attisdropped
    UNION ALL
    SELECT
        u.attnum,
        u.attname,
        u.source_type,
        u.readable,
        u.is_collatable,
        t.typbasetype,
        t.typtypmod
    FROM unfolded AS u
    INNER JOIN pg_type AS t ON t.oid = u.type_id
    WHERE t.typtype = 'd'
)

SELECT
    u.attname::text AS name,
    u.source_type,
    CASE
        WHEN t.typcategory = 'A' THEN 'array'
        -- Anybody may call a type of their own "numeric".
        WHEN t.typnamespace = 'pg_catalog'::regnamespace THEN t.typname::text
        ELSE 'other'
    END AS base_type,
    u.modifier,
    u.is_collatable,
    u.readable
FROM unfolded AS u
INNER JOIN pg_type AS t ON t.oid = u.type_id
WHERE t.typtype <> 'd'
ORDER BY u.attnum
