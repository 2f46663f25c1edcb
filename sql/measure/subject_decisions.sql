-- The decisions of the closed calendar units, subject by subject. Subject ids are keyed
-- pseudonyms; of 10 million the chance is below 3 in a million that two have the same hash.
SELECT
    hash(subject_id) AS subject,
    hash(*COLUMNS('^(attr|stratum)_')) AS who,
    (epoch_us(decided_at) - epoch_us($first)) // $length AS unit,
    outcome,
    selected,
FROM read_parquet($path)
WHERE decided_at >= $since AND decided_at < $until
ORDER BY subject
