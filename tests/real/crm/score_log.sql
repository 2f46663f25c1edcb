-- What models decided, apart from the CRM's own tables, so that a missing score stays visible.
CREATE SCHEMA ml;

CREATE TABLE ml.score_log (
    decision_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    model text NOT NULL,
    model_version text NOT NULL,
    subject_id text NOT NULL,
    score double precision,
    selected boolean NOT NULL,
    decided_at timestamptz NOT NULL
);
