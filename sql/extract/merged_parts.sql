-- Each row as it was read last, of those whose key was still at the source.
SELECT COLUMNS('^column_'),
FROM parts
WHERE row_key IN (SELECT keys.row_key, FROM keys)
QUALIFY
    row_number() OVER (
        PARTITION BY row_key
        ORDER BY row_stamp DESC NULLS LAST, row_part DESC
    ) = 1
ORDER BY row_key
