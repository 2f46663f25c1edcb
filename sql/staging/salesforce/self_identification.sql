-- One row per respondent: the last answer. Whoever did not answer, or would rather not say, has
-- NULL and is audited as unknown. Spellings that are not listed are unknown too.
-- Deleted ones are read, and left out here.
SELECT
    "Respondent__c" AS respondent_id,
    CASE lower(trim("Gender__c"))
        WHEN 'female' THEN 'F'
        WHEN 'f' THEN 'F'
        WHEN 'male' THEN 'M'
        WHEN 'm' THEN 'M'
        WHEN 'non-binary' THEN 'X'
        WHEN 'x' THEN 'X'
    END AS gender,
    CASE trim("Age_Band__c")
        WHEN '18-29' THEN '18-29'
        WHEN '30-49' THEN '30-49'
        WHEN '50-64' THEN '50-64'
        WHEN '65+' THEN '65+'
        WHEN '65 and older' THEN '65+'
    END AS age_band,
    CASE lower(trim("Ethnic_Group__c"))
        WHEN 'arden' THEN 'Arden'
        WHEN 'belmar' THEN 'Belmar'
        WHEN 'corvo' THEN 'Corvo'
    END AS ethnic_group,
FROM read_parquet($path)
WHERE NOT "IsDeleted"
QUALIFY
    row_number() OVER (
        PARTITION BY "Respondent__c"
        ORDER BY "Answered_At__c" DESC NULLS LAST, "Id" DESC
    ) = 1
