-- The sample CRM as a mid-size company has it. Keys are added after the load (keys.sql).
DROP SCHEMA IF EXISTS sample CASCADE;
DROP SCHEMA IF EXISTS ml CASCADE;
DROP SCHEMA IF EXISTS survey CASCADE;
DROP SCHEMA IF EXISTS crm CASCADE;

CREATE SCHEMA crm;
CREATE SCHEMA survey;
CREATE SCHEMA ml;
CREATE SCHEMA sample;

COMMENT ON SCHEMA crm IS 'Customer relationship management';
COMMENT ON SCHEMA survey IS 'Voluntary self-identification; never shown to salespeople or models';
COMMENT ON SCHEMA ml IS 'What the models decided';
COMMENT ON SCHEMA sample IS 'How this sample was generated';

CREATE TABLE crm.users (
    user_id bigint,
    name text,
    email text,
    role text,
    is_active boolean,
    created_at timestamptz
);

CREATE TABLE crm.products (
    product_id bigint,
    name text,
    family text,
    list_price numeric(12, 2),
    is_active boolean
);

CREATE TABLE crm.accounts (
    account_id bigint,
    name text,
    industry text,
    employees integer,
    postcode text,
    owner_id bigint,
    created_at timestamptz,
    description text
);

CREATE TABLE crm.campaigns (
    campaign_id bigint,
    name text,
    channel text,
    product_id bigint,
    starts_on date,
    ends_on date,
    budget numeric(12, 2)
);

CREATE TABLE crm.contacts (
    contact_id bigint,
    account_id bigint,
    survey_respondent_id text,
    salutation text,
    first_name text,
    last_name text,
    email text,
    birth_date date,
    postcode text,
    tier text,
    tenure_years double precision,
    orders_last_year integer,
    spend_last_year numeric(12, 2),
    newsletter_opens integer,
    created_at timestamptz,
    is_archived boolean,
    is_test boolean,
    notes text
);

CREATE TABLE crm.leads (
    lead_id bigint,
    survey_respondent_id text,
    salutation text,
    first_name text,
    last_name text,
    email text,
    company text,
    postcode text,
    lead_source text,
    industry text,
    job_level text,
    budget_stated text,
    employees integer,
    website_visits integer,
    email_clicks integer,
    rating text,
    status text,
    owner_id bigint,
    converted_contact_id bigint,
    converted_opportunity_id bigint,
    created_at timestamptz,
    converted_at timestamptz,
    is_archived boolean,
    is_test boolean,
    description text
);

COMMENT ON COLUMN crm.leads.rating IS 'Hot or Cold, as the salesperson saw it after the first call';
COMMENT ON COLUMN crm.leads.survey_respondent_id IS 'Id of the survey invitation; one per person';

CREATE TABLE crm.campaign_members (
    member_id bigint,
    campaign_id bigint,
    contact_id bigint,
    status text,
    added_at timestamptz,
    responded_at timestamptz
);

CREATE TABLE crm.opportunities (
    opportunity_id bigint,
    account_id bigint,
    name text,
    stage text,
    amount numeric(12, 2),
    owner_id bigint,
    created_at timestamptz,
    closed_at timestamptz,
    is_won boolean
);

CREATE TABLE crm.cases (
    case_id bigint,
    contact_id bigint,
    subject text,
    description text,
    priority text,
    status text,
    owner_id bigint,
    opened_at timestamptz,
    closed_at timestamptz
);

CREATE TABLE crm.tasks (
    task_id bigint,
    lead_id bigint,
    case_id bigint,
    owner_id bigint,
    kind text,
    subject text,
    description text,
    priority text,
    status text,
    due_on date,
    created_at timestamptz,
    completed_at timestamptz
);

COMMENT ON TABLE crm.tasks IS 'Calls, e-mails and to-dos, each about a lead or a case';

CREATE TABLE crm.recommendations_shown (
    recommendation_id bigint,
    contact_id bigint,
    product_id bigint,
    position smallint,
    shown_at timestamptz,
    clicked boolean
);

CREATE TABLE survey.self_identification (
    response_id bigint,
    respondent_id text,
    gender text,
    age_band text,
    ethnic_group text,
    answered_at timestamptz,
    remark text
);

COMMENT ON COLUMN survey.self_identification.answered_at IS 'NULL: invited, did not answer';

CREATE TABLE ml.score_log (
    decision_id bigint,
    model text,
    model_version text,
    subject_id bigint,
    campaign_id bigint,
    score double precision,
    selected boolean,
    decided_at timestamptz
);

COMMENT ON COLUMN ml.score_log.subject_id IS 'crm.leads.lead_id or crm.contacts.contact_id';

CREATE TABLE sample.prepared (
    generator_version text NOT NULL,
    leads bigint NOT NULL,
    seed bigint NOT NULL,
    biases text NOT NULL,
    fingerprint text NOT NULL
);
