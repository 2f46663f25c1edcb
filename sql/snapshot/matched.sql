-- The rows of an object in two snapshots, side by side by their key.
SELECT
    COLUMNS('^(before|after)_'),
    before.before_key IS NOT NULL AS in_before,
    after.after_key IS NOT NULL AS in_after,
FROM before
FULL JOIN after ON before.before_key = after.after_key
