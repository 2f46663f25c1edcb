-- The combinations of attributes and strata that occur in the fine group counts, each with the
-- hash by which unit_counts.sql and subject_decisions.sql name it.
SELECT DISTINCT
    hash(*COLUMNS('^(attr|stratum)_')) AS who,
    COLUMNS('^(attr|stratum)_'),
FROM read_parquet($path)
ORDER BY ALL
