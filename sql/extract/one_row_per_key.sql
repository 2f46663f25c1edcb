-- The pages of one reading as one table. A row that came twice, because it changed while the pages
-- were read, is there as it was last; rows in the order of the key make equal data equal files.
SELECT COLUMNS(LAMBDA c: NOT starts_with(c, 'fairness_audit_')),
FROM pages
QUALIFY
    row_number() OVER (PARTITION BY fairness_audit_key ORDER BY fairness_audit_page DESC) = 1
ORDER BY fairness_audit_key
