-- The retailer's CRM. Nothing is mended: NA stays NULL, repeated coupons stay repeated, and
-- households that were sent campaigns without ever telling who they are have no contact.
CREATE SCHEMA complete_journey;

-- No file lists the households; these are all that were asked about or sent anything.
CREATE TABLE complete_journey.accounts AS
SELECT household_id FROM raw.demographics
UNION
SELECT household_id FROM raw.campaigns;

ALTER TABLE complete_journey.accounts ADD PRIMARY KEY (household_id);

CREATE TABLE complete_journey.contacts AS
SELECT
    household_id,
    age,
    income,
    home_ownership,
    marital_status,
    household_size,
    household_comp,
    kids_count
FROM raw.demographics;

ALTER TABLE complete_journey.contacts ADD PRIMARY KEY (household_id);

CREATE TABLE complete_journey.campaigns AS
SELECT
    campaign_id,
    campaign_type,
    CAST(start_date AS date) AS starts_on,
    CAST(end_date AS date) AS ends_on
FROM raw.campaign_descriptions;

ALTER TABLE complete_journey.campaigns ADD PRIMARY KEY (campaign_id);

CREATE TABLE complete_journey.campaign_members AS
SELECT
    line AS member_id,
    campaign_id,
    household_id
FROM raw.campaigns;

ALTER TABLE complete_journey.campaign_members ADD PRIMARY KEY (member_id);

CREATE TABLE complete_journey.coupons AS
SELECT
    line AS offer_id,
    coupon_upc,
    product_id,
    campaign_id
FROM raw.coupons;

ALTER TABLE complete_journey.coupons ADD PRIMARY KEY (offer_id);

CREATE TABLE complete_journey.coupon_redemptions AS
SELECT
    line AS redemption_id,
    household_id,
    coupon_upc,
    campaign_id,
    CAST(redemption_date AS date) AS redeemed_on
FROM raw.coupon_redemptions;

ALTER TABLE complete_journey.coupon_redemptions ADD PRIMARY KEY (redemption_id);
