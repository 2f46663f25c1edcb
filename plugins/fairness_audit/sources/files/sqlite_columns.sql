-- The columns of one table or view, generated ones too.
SELECT
    c.name AS column_name,
    c.type AS declared
FROM pragma_table_xinfo(:name) AS c
WHERE c.hidden <> 1
ORDER BY c.cid
