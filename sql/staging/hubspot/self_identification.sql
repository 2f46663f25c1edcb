-- One row per respondent: the last answer. Whoever did not answer, or would rather not say, has
-- NULL and is audited as unknown. Spellings that are not listed are unknown too.
-- Archived ones are read, and left out here.
SELECT
    respondent AS respondent_id,
    CASE lower(trim(gender))
        WHEN 'female' THEN 'F'
        WHEN 'f' THEN 'F'
        WHEN 'male' THEN 'M'
        WHEN 'm' THEN 'M'
        WHEN 'non-binary' THEN 'X'
        WHEN 'x' THEN 'X'
    END AS gender,
    CASE trim(age_band)
        WHEN '18-29' THEN '18-29'
        WHEN '30-49' THEN '30-49'
        WHEN '50-64' THEN '50-64'
        WHEN '65+' THEN '65+'
        WHEN '65 and older' THEN '65+'
    END AS age_band,
    CASE lower(trim(ethnic_group))
        WHEN 'arden' THEN 'Arden'
        WHEN 'belmar' THEN 'Belmar'
        WHEN 'corvo' THEN 'Corvo'
    END AS ethnic_group,
FROM read_parquet($path)
WHERE NOT archived
QUALIFY
    row_number() OVER (
        PARTITION BY respondent
        ORDER BY answered_at DESC NULLS LAST, id DESC
    ) = 1
