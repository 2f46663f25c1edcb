"""What a version is like before somebody promotes it, and what somebody did to the records."""

import base64
import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from mlflow.exceptions import MlflowException
from securesystemslib.signer import Signer
from sqlalchemy import insert

from fairness_audit.encoding import canonical_bytes
from fairness_audit.ledger.database import Database
from fairness_audit.ledger.entry import Entry
from fairness_audit.ledger.table import ledger_table
from fairness_audit.records.signed.dsse import digest_of_envelope, sign
from fairness_audit.records.signed.statement import Record
from fairness_audit.records.signed.void import VoidRecord
from fairness_audit.registry.artifact import folder_digest
from tests.builders.published import (
    FAILED,
    LOGICAL_DATE,
    MODEL,
    SIGNER,
    STRANGER,
    a_record,
    an_approval,
)
from tests.builders.tampering import tamper
from tests.servers.registry_site import ALIAS, NOW, Site

TABLE = "fairness_audit_ledger"
NEWEST = f"(SELECT max(seq) FROM {TABLE})"


# --- what a version is like before somebody promotes it ---------------------------------------


def unaudited(site: Site) -> str:
    return site.version()


def failed(site: Site) -> str:
    version = site.version()
    site.audited(version, verdict="fail", findings=[FAILED])
    return version


def passed(site: Site) -> str:
    version = site.version()
    site.audited(version)
    return version


def with_record(**changes: object) -> Callable[[Site], str]:
    def prepare(site: Site) -> str:
        version = site.version()
        site.audited(version, **changes)
        return version

    return prepare


def of_a_stranger(site: Site) -> str:
    version = site.version()
    site.audited(version, STRANGER)
    return version


def superseded(site: Site) -> str:
    version = passed(site)
    later = LOGICAL_DATE + timedelta(days=400)
    site.audited(version, verdict="fail", findings=[FAILED], logical_date=later)
    return version


def of_another_version(site: Site) -> str:
    """Its record is genuine, and of another version's files."""
    other, version = site.version(), site.version()
    record = site.audited(other)
    site.audited(version, artifact_digest=record.artifact_digest)
    return version


def changed_after_the_audit(site: Site) -> str:
    version = passed(site)
    location = site.client.get_model_version(MODEL, version).source
    path = location.removeprefix("mlflow-artifacts:").lstrip("/")
    put = site.http.put(f"/api/2.0/mlflow-artifacts/artifacts/{path}/MLmodel", content=b"other")
    put.raise_for_status()
    return version


def waived(**changes: object) -> Callable[[Site], str]:
    def prepare(site: Site) -> str:
        version = site.version()
        audit = site.audited(version, verdict="fail", findings=[FAILED])
        site.reviewed(audit, **changes)
        return version

    return prepare


def waiver_of_another_audit(site: Site) -> str:
    site.reviewed(site.audited(site.version(), verdict="fail", findings=[FAILED]))
    return failed(site)


def rejected_after_the_waiver(site: Site) -> str:
    version = site.version()
    audit = site.audited(version, verdict="fail", findings=[FAILED])
    site.reviewed(audit)
    site.reviewed(audit, decision="reject", approvals=(an_approval("ada"),))
    return version


# --- somebody writes to the ledger, its heads, its keys, its policies --------------------------


def written(site: Site, statement: str, *values: object) -> None:
    """Write to the ledger's database as its owner, who can drop every trigger."""
    database = site.folder / "ledger.db"
    tamper(f"sqlite:///{database}")
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(statement, values)


def newest(site: Site) -> tuple[int, str]:
    entry = site.ledger.all()[-1]
    return entry.seq, entry.envelope.decode()


def edited_payload(site: Site) -> str:
    version = failed(site)
    seq, envelope = newest(site)
    parts = json.loads(envelope)
    payload = base64.b64decode(parts["payload"]).replace(b'"FAILED"', b'"PASSED"')
    parts["payload"] = base64.b64encode(payload).decode()
    _replace(site, seq, parts)
    return version


def other_payload_type(site: Site) -> str:
    version = passed(site)
    seq, envelope = newest(site)
    _replace(site, seq, json.loads(envelope) | {"payloadType": "application/json"})
    return version


def without_signature(site: Site) -> str:
    version = passed(site)
    seq, envelope = newest(site)
    _replace(site, seq, json.loads(envelope) | {"signatures": []})
    return version


def _replace(site: Site, seq: int, parts: dict[str, object]) -> None:
    envelope = canonical_bytes(parts).decode()
    written(site, f"UPDATE {TABLE} SET envelope = ? WHERE seq = ?", envelope, seq)


def failure_filed_elsewhere(site: Site) -> str:
    version = superseded(site)
    written(
        site,
        f"UPDATE {TABLE} SET model_version = '999' WHERE seq = (SELECT max(seq) FROM {TABLE})",
    )
    return version


def failure_cut_off(site: Site) -> str:
    version = superseded(site)
    written(site, f"DELETE FROM {TABLE} WHERE seq = {NEWEST}")
    return version


def failure_taken_out(site: Site) -> str:
    version = superseded(site)
    seq, _ = newest(site)
    passed(site)
    written(site, f"DELETE FROM {TABLE} WHERE seq = ?", seq)
    return version


def ledger_of_before(site: Site) -> str:
    """The whole ledger is put back to when the version passed."""
    version = passed(site)
    shutil.copy(site.folder / "ledger.db", site.folder / "before.db")
    later = LOGICAL_DATE + timedelta(days=400)
    site.audited(version, verdict="fail", findings=[FAILED], logical_date=later)
    shutil.copy(site.folder / "before.db", site.folder / "ledger.db")
    return version


def _older_copy(site: Site) -> str:
    """Ledger and heads of when the version passed; the failure is in neither."""
    version = passed(site)
    shutil.copy(site.folder / "ledger.db", site.folder / "before.db")
    shutil.rmtree(site.folder / "heads.before", ignore_errors=True)
    shutil.copytree(site.folder / "heads", site.folder / "heads.before")
    later = LOGICAL_DATE + timedelta(days=400)
    site.audited(version, verdict="fail", findings=[FAILED], logical_date=later)
    with suppress(MlflowException):  # the guard refuses, and so has seen the failure
        site.client.set_registered_model_alias(MODEL, ALIAS, version)
        site.client.delete_registered_model_alias(MODEL, ALIAS)
    shutil.copy(site.folder / "before.db", site.folder / "ledger.db")
    shutil.rmtree(site.folder / "heads")
    shutil.copytree(site.folder / "heads.before", site.folder / "heads")
    return version


def ledger_and_heads_of_before(site: Site) -> str:
    return _older_copy(site)


def ledger_and_heads_grown_anew(site: Site) -> str:
    """The older copy goes on with genuine records, until it is as long as the newer one was."""
    version = _older_copy(site)
    passed(site)
    passed(site)
    return version


def _behind(site: Site) -> dict[str, Any]:
    last = site.ledger.all()[-1]
    return {"seq": last.seq + 1, "prev": digest_of_envelope(last.envelope)}


def _appended(site: Site, record: Record, signer: Signer = SIGNER) -> None:
    """As a writer does by hand, with what chains and parses."""
    entry = Entry.of(sign(record, signer))
    with Database(f"sqlite:///{site.folder / 'ledger.db'}", 30).writing() as connection:
        connection.execute(insert(ledger_table).values(entry.values))


def failure_voided(signer: Signer) -> Callable[[Site], str]:
    """A void says of the failure that it is no record."""

    def prepare(site: Site) -> str:
        version = superseded(site)
        failure = site.ledger.all()[-1]
        void = VoidRecord(
            **_behind(site),
            voids=failure.seq,
            voided_digest=digest_of_envelope(failure.envelope),
            voided_prev=failure.prev,
            reason="by mistake",
            issued=NOW,
            versions={},
        )
        _appended(site, void, signer)
        return version

    return prepare


def pass_put_in_by_a_writer(site: Site) -> str:
    """Who may append, and has no key, files a pass behind the failure."""
    version = failed(site)
    later = LOGICAL_DATE + timedelta(days=400)
    content = {"model_version": version, "policy_digest": site.loaded.digest}
    content["artifact_digest"] = folder_digest(site.files(version))
    content |= {"issued": NOW, "expires": NOW + timedelta(days=35), "logical_date": later}
    _appended(site, a_record(**content, **_behind(site)), STRANGER)
    return version


# --- what a version consists of ----------------------------------------------------------------


def source_is_its_run(site: Site) -> str:
    version = site.version_of_run()
    site.audited(version)
    return version


def source_is_a_run_with_a_model_laid_over(site: Site) -> str:
    """What the audit read is the run's; what loads is the model that was logged by its name."""
    version = site.version_of_run(overlay=b"flavors: {python_function: {}}\n")
    site.audited(version)
    return version


def with_odd_file(put: Callable[[Path], None]) -> Callable[[Site], str]:
    """Something among the files that leads elsewhere, or never ends."""

    def prepare(site: Site) -> str:
        version = passed(site)
        put(site.files(version) / "odd")
        return version

    return prepare


def file_became_a_link(site: Site) -> str:
    """To the same bytes, until somebody changes them."""
    version = passed(site)
    file = site.files(version) / "MLmodel"
    file.rename(site.folder / f"elsewhere-{version}")
    file.symlink_to(site.folder / f"elsewhere-{version}")
    return version


def folder_became_a_link(site: Site) -> str:
    version = passed(site)
    files = site.files(version)
    files.rename(files.with_name("elsewhere"))
    files.symlink_to("elsewhere")
    return version


def heads_gone(site: Site) -> str:
    version = passed(site)
    shutil.rmtree(site.folder / "heads")
    return version


def ledger_gone(site: Site) -> str:
    version = passed(site)
    (site.folder / "ledger.db").unlink()
    return version


def ledger_broken(site: Site) -> str:
    version = passed(site)
    (site.folder / "ledger.db").write_bytes(b"not a database, but as long as one" * 200)
    return version


def keys_gone(site: Site) -> str:
    version = passed(site)
    shutil.rmtree(site.folder / "trusted")
    return version


def policy_of(site: Site) -> Path:
    return site.folder / "expectations" / MODEL / "policy.yaml"


def policy_softened(site: Site) -> str:
    version = passed(site)
    text = policy_of(site).read_text()
    policy_of(site).write_text(text.replace("threshold: 4/5", "threshold: 1/5"))
    return version


def policy_gone(site: Site) -> str:
    version = failed(site)
    policy_of(site).unlink()
    return version


def policy_broken(site: Site) -> str:
    version = passed(site)
    policy_of(site).write_text("model: [")
    return version


def tagged_by_hand(site: Site) -> str:
    """A tag from before there was a gate, written straight into the registry's database."""
    version = site.version()
    from mlflow.entities.model_registry import RegisteredModelTag
    from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore

    store = SqlAlchemyStore(f"sqlite:///{site.folder / 'mlflow.db'}")
    store.set_registered_model_tag(MODEL, RegisteredModelTag("fairness-audit.note", "x"))
    return version
