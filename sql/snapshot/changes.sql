-- How many rows are in one of two snapshots alone, in both, and in both but changed; then, per
-- column, in how many rows of both it differs. `matched` has each column as a pair of values, and
-- a pair before them that never differs, so that there is always one.
WITH changes AS (
    SELECT
        in_before,
        in_after,
        (
            list_extract(COLUMNS('^pair_'), 1) IS DISTINCT FROM list_extract(COLUMNS('^pair_'), 2)
        ) AS '\0',
    FROM matched
)

SELECT
    count(*) FILTER (NOT in_after) AS only_before,
    count(*) FILTER (NOT in_before) AS only_after,
    count(*) FILTER (in_before AND in_after) AS in_both,
    count(*) FILTER (in_before AND in_after AND greatest(*COLUMNS('^pair_'))) AS changed,
    count_if(in_before AND in_after AND COLUMNS('^pair_')) AS '\0',
FROM changes
