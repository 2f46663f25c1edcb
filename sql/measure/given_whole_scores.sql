-- Whether the scores of a file that was given to be measured are whole numbers so large that a
-- double cannot tell neighbours apart, and how many of them are beyond 64 bits.
SELECT
    coalesce(
        bool_and(regexp_full_match(score, '[+-]?[0-9]+'))
        AND max(abs(try_cast(score AS DOUBLE))) >= 9007199254740992,
        FALSE
    ) AS are_whole,
    count(*) FILTER (try_cast(score AS BIGINT) IS NULL) AS beyond,
FROM given
WHERE score <> ''
