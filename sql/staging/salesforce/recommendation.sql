-- One row per product that was recommended to a contact, by its place in the list.
-- Deleted ones are read, and left out here.
SELECT
    "Id" AS recommendation_id,
    "Contact__c" AS contact_id,
    "Product__c" AS product_id,
    CAST("Position__c" AS INTEGER) AS position,
    "Shown_At__c" AS shown_at,
    "Clicked__c" AS clicked,
FROM read_parquet($path)
WHERE NOT "IsDeleted"
