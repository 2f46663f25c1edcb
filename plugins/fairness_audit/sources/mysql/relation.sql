-- Tables and views of a name; names are compared by the caller, letter by letter.
SELECT
    t.TABLE_SCHEMA AS schema_name,
    t.TABLE_NAME AS table_name,
    t.TABLE_TYPE AS kind,
    t.ENGINE AS engine_name
FROM information_schema.TABLES AS t
WHERE
    t.TABLE_SCHEMA = :schema
    AND t.TABLE_NAME = :name
