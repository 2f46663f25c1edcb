-- One table, view or foreign table, and whether this login sees all of its rows.
SELECT
    c.oid::text AS oid,
    has_schema_privilege(n.oid, 'USAGE') AS schema_is_open,
    row_security_active(c.oid) AS rows_are_filtered
FROM pg_class AS c
INNER JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE
    n.nspname = $1
    AND c.relname = $2
    AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
