CREATE TABLE IF NOT EXISTS fairness_audit_ledger_turn (id integer PRIMARY KEY CHECK (id = 1))

INSERT INTO fairness_audit_ledger_turn (id) VALUES (1) ON CONFLICT DO NOTHING

REVOKE ALL ON fairness_audit_ledger_turn FROM PUBLIC

CREATE OR REPLACE FUNCTION fairness_audit_ledger_stays() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only' USING ERRCODE = 'insufficient_privilege';
END $$

CREATE OR REPLACE FUNCTION fairness_audit_ledger_follows() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE last bigint;
BEGIN
    EXECUTE 'SELECT coalesce(max(seq), 0) FROM '
        || quote_ident(tg_table_schema) || '.' || quote_ident(tg_table_name)
    INTO last;
    IF new.seq IS DISTINCT FROM last + 1 THEN
        RAISE EXCEPTION 'the ledger is append-only: the next record follows the last'
        USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN new;
END $$

CREATE OR REPLACE FUNCTION fairness_audit_ledger_fits() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    last_digest text;
    envelope json;
    said json;
    says json;
    fits boolean;
BEGIN
    EXECUTE 'SELECT encode(sha256(convert_to(envelope, ''UTF8'')), ''hex'') FROM '
        || quote_ident(tg_table_schema) || '.' || quote_ident(tg_table_name)
        || ' ORDER BY seq DESC LIMIT 1'
    INTO last_digest;
    BEGIN
        envelope := new.envelope::json;
        said := convert_from(decode(envelope ->> 'payload', 'base64'), 'UTF8')::json;
        says := said -> 'predicate';
        fits := new.prev IS NOT DISTINCT FROM last_digest
            AND octet_length(new.envelope) <= 67108864
            AND (SELECT array_agg(each ORDER BY each) FROM json_object_keys(envelope) AS each)
                = ARRAY['payload', 'payloadType', 'signatures']
            AND envelope ->> 'payloadType' = 'application/vnd.in-toto+json'
            AND json_array_length(envelope -> 'signatures') > 0
            AND said ->> '_type' = 'https://in-toto.io/Statement/v1'
            AND new.kind IN ('audit', 'review', 'void')
            AND said ->> 'predicateType' = 'urn:fairness-audit:' || new.kind || '-record:v1'
            AND (says ->> 'seq')::bigint = new.seq
            AND (says ->> 'prev') IS NOT DISTINCT FROM new.prev
            AND says ->> 'recordId' = new.record_id
            AND new.record_id ~ '^[0-9a-f]{64}$'
            AND (says ->> 'timeVerified')::timestamptz = new.issued
            AND CASE new.kind
                WHEN 'void' THEN new.model = '-'
                    AND new.model_version = says ->> 'voids'
                    AND new.policy_digest = said -> 'subject' -> 0 -> 'digest' ->> 'sha256'
                    AND new.verdict = 'void'
                    AND new.logical_date = new.issued
                    AND new.expires = new.issued
                ELSE new.model = says ->> 'model'
                    AND new.model_version = says ->> 'modelVersion'
                    AND new.policy_digest = says -> 'policy' -> 'digest' ->> 'sha256'
                    AND new.verdict = coalesce(says ->> 'verdict', says ->> 'decision')
                    AND new.logical_date = (says ->> 'logicalDate')::timestamptz
                    AND new.expires = (says ->> 'expires')::timestamptz
            END
            AND least(new.logical_date, new.issued, new.expires) > '0001-01-03'
            AND greatest(new.logical_date, new.issued, new.expires) < '9999-12-29';
    EXCEPTION WHEN OTHERS THEN
        fits := false;
    END;
    IF fits IS NOT true THEN
        RAISE EXCEPTION 'the ledger is append-only: it takes records that name the one before'
        USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN new;
END $$

DROP TRIGGER IF EXISTS fairness_audit_ledger_stays ON fairness_audit_ledger

CREATE TRIGGER fairness_audit_ledger_stays
BEFORE UPDATE OR DELETE ON fairness_audit_ledger
FOR EACH ROW EXECUTE FUNCTION fairness_audit_ledger_stays()

DROP TRIGGER IF EXISTS fairness_audit_ledger_keeps ON fairness_audit_ledger

CREATE TRIGGER fairness_audit_ledger_keeps
BEFORE TRUNCATE ON fairness_audit_ledger
FOR EACH STATEMENT EXECUTE FUNCTION fairness_audit_ledger_stays()

DROP TRIGGER IF EXISTS fairness_audit_ledger_follows ON fairness_audit_ledger

CREATE TRIGGER fairness_audit_ledger_follows
BEFORE INSERT ON fairness_audit_ledger
FOR EACH ROW EXECUTE FUNCTION fairness_audit_ledger_follows()

DROP TRIGGER IF EXISTS fairness_audit_ledger_fits ON fairness_audit_ledger

CREATE TRIGGER fairness_audit_ledger_fits
BEFORE INSERT ON fairness_audit_ledger
FOR EACH ROW EXECUTE FUNCTION fairness_audit_ledger_fits()

ALTER TABLE fairness_audit_ledger ENABLE ALWAYS TRIGGER fairness_audit_ledger_stays

ALTER TABLE fairness_audit_ledger ENABLE ALWAYS TRIGGER fairness_audit_ledger_keeps

ALTER TABLE fairness_audit_ledger ENABLE ALWAYS TRIGGER fairness_audit_ledger_follows

ALTER TABLE fairness_audit_ledger ENABLE ALWAYS TRIGGER fairness_audit_ledger_fits
