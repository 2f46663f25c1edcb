-- The pages of one reading as one table. A row that came twice, because it changed while the pages
-- were read, is there as it was last; rows in the order of the key make equal data equal files.
SELECT COLUMNS('^column_'),
FROM pages
QUALIFY row_number() OVER (PARTITION BY row_key ORDER BY row_page DESC) = 1
ORDER BY row_key
