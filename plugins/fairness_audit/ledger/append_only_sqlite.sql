CREATE TRIGGER IF NOT EXISTS fairness_audit_ledger_stays
BEFORE UPDATE ON fairness_audit_ledger
BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END

CREATE TRIGGER IF NOT EXISTS fairness_audit_ledger_keeps
BEFORE DELETE ON fairness_audit_ledger
BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END

CREATE TRIGGER IF NOT EXISTS fairness_audit_ledger_follows
BEFORE INSERT ON fairness_audit_ledger
WHEN new.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM fairness_audit_ledger)
OR EXISTS (SELECT 1 FROM fairness_audit_ledger WHERE record_id = new.record_id)
BEGIN SELECT raise(ABORT, 'the ledger is append-only: the next record follows the last'); END

CREATE TRIGGER IF NOT EXISTS fairness_audit_ledger_fits
BEFORE INSERT ON fairness_audit_ledger
WHEN new.prev IS NOT (
    SELECT fairness_audit_digest(envelope) FROM fairness_audit_ledger ORDER BY seq DESC LIMIT 1
)
OR NOT fairness_audit_is_filed(
    new.seq, new.record_id, new.kind, new.model, new.model_version, new.policy_digest,
    new.verdict, new.logical_date, new.issued, new.expires, new.prev, new.envelope
)
BEGIN SELECT raise(ABORT, 'the ledger is append-only: it takes records that name the one before'); END
