-- How many decisions fall into each closed calendar unit, by combination of attributes and strata,
-- outcome (NULL = not known) and selection. Units are numbered from the one that begins at $first.
-- A combination is named by its hash, see combinations.sql: over the values themselves it would
-- take five times as long.
SELECT
    hash(*COLUMNS('^(attr|stratum)_')) AS who,
    (epoch_us(decided_at) - epoch_us($first)) // $length AS unit,
    outcome,
    selected,
    count(*) AS n,
FROM read_parquet($path)
WHERE decided_at >= $since AND decided_at < $until
GROUP BY ALL
