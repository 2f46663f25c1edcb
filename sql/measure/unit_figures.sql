-- The decisions of the closed calendar units one by one, with the outcome and what else figures of
-- a group are estimated from ($columns of score, value and rank).
SELECT
    hash(*COLUMNS('^(attr|stratum)_')) AS who,
    (epoch_us(decided_at) - epoch_us($first)) // $length AS unit,
    outcome,
    COLUMNS(LAMBDA c: list_contains($columns, c)),
FROM read_parquet($path)
WHERE decided_at >= $since AND decided_at < $until
