-- What a view is defined as; empty where the login may not know.
SELECT
    v.TABLE_SCHEMA AS schema_name,
    v.TABLE_NAME AS table_name,
    v.VIEW_DEFINITION AS definition
FROM information_schema.VIEWS AS v
WHERE
    v.TABLE_SCHEMA = :schema
    AND v.TABLE_NAME = :name
