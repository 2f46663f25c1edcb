-- The columns of one table that this login sees, in their order.
SELECT
    c.TABLE_SCHEMA AS schema_name,
    c.TABLE_NAME AS table_name,
    c.COLUMN_NAME AS column_name,
    c.DATA_TYPE AS data_type,
    c.COLUMN_TYPE AS column_type,
    c.NUMERIC_PRECISION AS digits,
    c.NUMERIC_SCALE AS scale,
    c.CHARACTER_SET_NAME AS charset,
    c.PRIVILEGES AS rights
FROM information_schema.COLUMNS AS c
WHERE
    c.TABLE_SCHEMA = :schema
    AND c.TABLE_NAME = :name
ORDER BY c.ORDINAL_POSITION
