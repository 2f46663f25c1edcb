-- A file that was given to be measured, as a population. Everything arrives as text; what breaks a
-- rule was refused before (given_faults.sql). Without a subject every row is about somebody else.
SELECT
    coalesce(nullif(COLUMNS('^(attr|stratum|feature|probability)_'), ''), 'unknown') AS '\0',
    CASE
        WHEN lower(outcome) IN ('1', '1.0', 'true') THEN TRUE
        WHEN lower(outcome) IN ('0', '0.0', 'false') THEN FALSE
    END AS outcome,
    coalesce(lower(selected) IN ('1', '1.0', 'true'), FALSE) AS selected,
    try_cast(score AS DOUBLE) AS score,
    CASE
        WHEN regexp_full_match(score, '[+-]?[0-9]+') THEN try_cast(score AS BIGINT)
    END AS whole_score,
    try_cast(value AS DOUBLE) AS value,
    CAST(try_cast(rank AS DOUBLE) AS BIGINT) AS rank,
    try_cast(weight AS DOUBLE) AS weight,
    list,
    decision,
    coalesce(subject, CAST(row_number() OVER () AS VARCHAR)) AS subject,
FROM given
