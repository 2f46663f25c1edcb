-- People of the census extract that a random forest scored, from the file that Aequitas ships.
CREATE SCHEMA adult;

CREATE TABLE adult.contacts AS
SELECT
    entity_id,
    gender,
    race,
    education
FROM raw.adult_rf_binary;

ALTER TABLE adult.contacts ADD PRIMARY KEY (entity_id);

CREATE TABLE adult.predictions AS
SELECT
    entity_id,
    CAST(score AS double precision) AS score
FROM raw.adult_rf_binary;

ALTER TABLE adult.predictions ADD PRIMARY KEY (entity_id);

CREATE TABLE adult.incomes AS
SELECT
    entity_id,
    label_value AS is_over_50k
FROM raw.adult_rf_binary;

ALTER TABLE adult.incomes ADD PRIMARY KEY (entity_id);
