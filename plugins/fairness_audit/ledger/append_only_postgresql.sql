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

ALTER TABLE fairness_audit_ledger ENABLE ALWAYS TRIGGER fairness_audit_ledger_stays

ALTER TABLE fairness_audit_ledger ENABLE ALWAYS TRIGGER fairness_audit_ledger_keeps

ALTER TABLE fairness_audit_ledger ENABLE ALWAYS TRIGGER fairness_audit_ledger_follows
