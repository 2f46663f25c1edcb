-- People who were screened, from the file that Aequitas ships; the day of the screening is in
-- ProPublica's file alone, under the same ids.
CREATE SCHEMA compas;

CREATE TABLE compas.contacts AS
SELECT
    entity_id,
    race,
    sex,
    age_cat
FROM raw.compas_for_aequitas;

ALTER TABLE compas.contacts ADD PRIMARY KEY (entity_id);

CREATE TABLE compas.screenings AS
SELECT
    aequitas.entity_id,
    CAST(propublica.compas_screening_date AS date) AS screened_on,
    CAST(aequitas.score AS double precision) AS score
FROM raw.compas_for_aequitas AS aequitas
LEFT JOIN raw."compas-scores-two-years" AS propublica ON aequitas.entity_id = propublica.id;

ALTER TABLE compas.screenings ADD PRIMARY KEY (entity_id);

CREATE TABLE compas.follow_ups AS
SELECT
    entity_id,
    label_value AS reoffended_within_two_years
FROM raw.compas_for_aequitas;

ALTER TABLE compas.follow_ups ADD PRIMARY KEY (entity_id);
