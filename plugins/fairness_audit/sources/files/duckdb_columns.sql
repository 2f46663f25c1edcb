-- The columns of one table or view of the attached file, in their order.
SELECT
    column_name,
    data_type,
FROM duckdb_columns()
WHERE
    database_name = 'crm'
    AND schema_name = $schema
    AND table_name = $name
    AND NOT internal
ORDER BY column_index
