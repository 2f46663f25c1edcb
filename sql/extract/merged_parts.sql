-- Each row as it was read last, of those whose key was still at the source.
SELECT COLUMNS(LAMBDA c: NOT starts_with(c, 'fairness_audit_')),
FROM parts
WHERE fairness_audit_key IN (SELECT keys.fairness_audit_key, FROM keys)
QUALIFY
    row_number() OVER (
        PARTITION BY fairness_audit_key
        ORDER BY fairness_audit_stamp DESC NULLS LAST, fairness_audit_part DESC
    ) = 1
ORDER BY fairness_audit_key
