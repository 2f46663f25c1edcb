-- One row per person in a campaign: whether the term deposit was subscribed.
SELECT
    CAST(contact_id AS VARCHAR) AS contact_id,
    campaign_id,
    CASE responded
        WHEN 'yes' THEN TRUE
        WHEN 'no' THEN FALSE
    END AS has_subscribed,
FROM read_parquet($path)
