-- The bank's CRM. A person has no id in the file, so each line is a contact of its own, the 12
-- repeated lines too; the word `unknown` stays as it is.
CREATE SCHEMA bank_marketing;

CREATE TABLE bank_marketing.contacts AS
SELECT
    line AS contact_id,
    CAST(age AS integer) AS age,
    job,
    marital,
    education,
    "default" AS credit_default,
    housing AS housing_loan,
    loan AS personal_loan
FROM raw."bank-additional-full";

ALTER TABLE bank_marketing.contacts ADD PRIMARY KEY (contact_id);

-- The file gives the month of a call and no year. By its description it is in order of date, from
-- May 2008 to November 2010; so the year turns where the month goes back.
CREATE TEMPORARY TABLE months AS
WITH numbered AS (
    SELECT
        line,
        array_position(
            ARRAY[
                'jan', 'feb', 'mar', 'apr', 'may', 'jun',
                'jul', 'aug', 'sep', 'oct', 'nov', 'dec'
            ],
            month
        ) AS month_number
    FROM raw."bank-additional-full"
),

turns AS (
    SELECT
        line,
        month_number,
        month_number < lag(month_number) OVER (ORDER BY line) AS is_new_year
    FROM numbered
)

SELECT
    line,
    make_date(
        2008 + CAST(count(*) FILTER (WHERE is_new_year) OVER (ORDER BY line) AS integer),
        month_number,
        1
    ) AS starts_on
FROM turns;

CREATE TABLE bank_marketing.campaigns AS
SELECT DISTINCT
    to_char(starts_on, 'YYYY-MM') AS campaign_id,
    'term deposit' AS product,
    starts_on,
    CAST(starts_on + INTERVAL '1 month' - INTERVAL '1 day' AS date) AS ends_on
FROM months;

ALTER TABLE bank_marketing.campaigns ADD PRIMARY KEY (campaign_id);

CREATE TABLE bank_marketing.campaign_members AS
SELECT
    line AS contact_id,
    to_char(months.starts_on, 'YYYY-MM') AS campaign_id,
    CAST(file.campaign AS integer) AS calls,
    CAST(file.pdays AS integer) AS pdays,
    CAST(file.previous AS integer) AS previous,
    file.poutcome,
    file.y AS responded
FROM raw."bank-additional-full" AS file
INNER JOIN months USING (line);

ALTER TABLE bank_marketing.campaign_members ADD PRIMARY KEY (contact_id);

-- The last call of each member, and the state of the economy on that day.
CREATE TABLE bank_marketing.calls AS
SELECT
    line AS call_id,
    line AS contact_id,
    contact AS channel,
    day_of_week,
    CAST(duration AS integer) AS duration_seconds,
    CAST("emp.var.rate" AS numeric) AS employment_variation_rate,
    CAST("cons.price.idx" AS numeric) AS consumer_price_index,
    CAST("cons.conf.idx" AS numeric) AS consumer_confidence_index,
    CAST(euribor3m AS double precision) AS euribor_3_months,
    CAST("nr.employed" AS numeric) AS employed
FROM raw."bank-additional-full";

ALTER TABLE bank_marketing.calls ADD PRIMARY KEY (call_id);
