-- One row per contact record. 1900-01-01 stands for a birth date nobody asked for; a model gets
-- the tier as it was entered, 'unknown' and all.
SELECT
    id AS contact_id,
    "Survey_Respondent" AS respondent_id,
    "Created_Time" AS created_at,
    coalesce("Test_Record", FALSE) AS is_test,
    nullif("Date_of_Birth", DATE '1900-01-01') AS birth_date,
    nullif("Tier", 'unknown') AS tier,
    "Tier" AS tier_entered,
    left("Mailing_Zip", 2) AS district,
    CAST("Tenure_Years" AS DOUBLE) AS tenure_years,
    CAST("Orders_Last_Year" AS DOUBLE) AS orders_last_year,
    CAST("Spend_Last_Year" AS DOUBLE) AS spend_last_year,
    CAST("Newsletter_Opens" AS DOUBLE) AS newsletter_opens,
FROM read_parquet($path)
