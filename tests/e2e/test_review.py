"""People decide, in a whole Airflow: logins, the scheduler, the ledger, the registry, the mail."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from fairness_audit.files import write_bytes
from fairness_audit.installation import Installation
from fairness_audit.ledger.keys import create_keys, load_signer, load_trusted_keys
from fairness_audit.ledger.verified import verified_ledger
from fairness_audit.records.finding import Judgement, Verdict
from fairness_audit.records.signed.audit import AuditRecord
from fairness_audit.records.signed.review import ReviewRecord
from fairness_audit.registry.mlflow import MlflowRegistry
from fairness_audit.settings import Settings
from tests import CHECKOUT
from tests.builders.gated import Gated, before_the_gate
from tests.builders.published import FAILED, MODEL, WAITS, a_loaded_policy, published
from tests.servers.airflow_site import AirflowSite, airflow_site, until
from tests.servers.listeners import Chat, Mailbox, chat, mailbox

USERS = {"root": "admin", "ada": "user", "grace": "user", "eve": "user", "vic": "viewer"}
PEOPLE = {
    "review": {"owner": "responsible-ai", "reviewers": ["ada", "grace"], "timeout_hours": 1},
    "notify": {"email": ["ai@example.org"], "webhook": "chat"},
}
AUDIT = f"""
from airflow.sdk import DAG, Param, task
from fairness_audit.pipeline.audit import gate

PARAMS = {{"model_version": Param("1", type="string"), "as_of": None}}
with DAG("audit_{MODEL}", schedule=None, params=PARAMS, is_paused_upon_creation=False):
    gate("{MODEL}", {before_the_gate("{{ params.model_version }}")})
"""
WAIVER = {
    "reason": "The cause is known, and the next version is trained without it.",
    "findings": [FAILED.id],
    "compensating_control": "Every refused lead is called by a person.",
    "owner": "sales-operations",
    "days": 30,
}
APPROVAL = {"reason": "Few people, and no sign of a gap.", "findings": [WAITS.id]}


@dataclass(frozen=True)
class Reviewed:
    """An installation: version 1 failed its audit, 2 to 4 wait for people."""

    site: AirflowSite
    settings: Settings
    audits: dict[str, str]
    mail: Mailbox
    chat: Chat

    @property
    def champion(self) -> str | None:
        return MlflowRegistry(self.settings.registry_url).alias_target(MODEL, "champion")

    def reviews(self, version: str) -> list[ReviewRecord]:
        records = verified_ledger(
            Installation(self.settings).ledger, load_trusted_keys(self.settings.trusted_keys)
        )
        return [
            each
            for each in records
            if isinstance(each, ReviewRecord) and each.model_version == version
        ]

    def review(self, version: str) -> str:
        """Start a review by hand; the id of its run."""
        return self.site.trigger("review_audit", {"model": MODEL, "record": self.audits[version]})


def settings_of(folder: Path) -> Settings:
    keys = folder / "keys"
    return Settings(
        home=folder,
        state=folder,
        ledger_url=f"sqlite:///{folder / 'ledger.db'}",
        heads=str(folder / "heads"),
        registry_url=f"sqlite:///{folder / 'mlflow.db'}",
        signing_key=keys / "signing.pem",
        trusted_keys=keys / "trusted",
        subject_key=keys / "subject.key",
    )


def audited(folder: Path) -> dict[str, str]:
    """Audit four versions; the id of each version's record."""
    (folder / "sql").mkdir(parents=True)
    settings = settings_of(folder)
    create_keys(settings)
    loaded = a_loaded_policy(folder, **PEOPLE)
    registry = MlflowRegistry(settings.registry_url)
    client = registry._client
    client.create_registered_model(MODEL)
    audits = {}
    for version, finding in (("1", FAILED), ("2", WAITS), ("3", WAITS), ("4", WAITS)):
        source = folder / "artifacts" / version
        write_bytes(source / "MLmodel", f"version {version}\n".encode())
        client.create_model_version(MODEL, source.as_uri())
        record = published(
            loaded,
            folder,
            load_signer(settings.signing_key),
            trusted=lambda: load_trusted_keys(settings.trusted_keys),
            version=version,
            artifact_digest=registry.artifact_digest(MODEL, version),
            now=datetime.now(UTC),
            judgement=Judgement(verdict=Verdict(finding.verdict), findings=(finding,)),
        )
        audits[version] = record.record_id
    return audits


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reviewed]:
    folder = tmp_path_factory.mktemp("reviewed")
    state, dags = folder / "state", folder / "dags"
    audits = audited(state)
    dags.mkdir()
    shutil.copy(CHECKOUT / "dags" / "review_audit.py", dags)
    (dags / "audits.py").write_text(AUDIT)
    with mailbox() as mail, chat() as heard:
        smtp = {"conn_type": "smtp", "host": "127.0.0.1", "port": mail.port, "extra": {
            "disable_ssl": True, "disable_tls": True, "from_email": "audit@example.org",
        }}  # fmt: skip
        webhook = {"conn_type": "http", "host": f"http://127.0.0.1:{heard.port}/services"}
        connections = {
            "AIRFLOW_CONN_SMTP_DEFAULT": json.dumps(smtp),
            "AIRFLOW_CONN_CHAT": json.dumps(webhook | {"password": "T0/B0/canary-secret"}),
        }
        environment = Gated(state).environment | connections
        with airflow_site(folder / "airflow", dags, USERS, environment) as site:
            yield Reviewed(site, settings_of(state), audits, mail, heard)


def test_an_audit_asks_a_reviewer_who_approves_and_the_version_is_promoted(
    reviewed: Reviewed,
) -> None:
    site = reviewed.site
    audit = site.trigger(f"audit_{MODEL}", {"model_version": "2"})
    assert site.ended(f"audit_{MODEL}", audit)["gate"] == "failed"
    run = f"review__{reviewed.audits['2']}"
    question = site.question(run, "decide")

    again = site.trigger(f"audit_{MODEL}", {"model_version": "2"})  # asks nobody twice
    assert site.ended(f"audit_{MODEL}", again)["gate"] == "failed"
    by_hand = reviewed.review("2")
    assert site.ended("review_audit", by_hand)["gather"] == "failed"
    assert "under review already" in site.log_of(by_hand, "gather")
    runs = site.ask("root", "GET", "/api/v2/dags/review_audit/dagRuns").json["dag_runs"]
    assert sorted(each["dag_run_id"] for each in runs) == sorted([run, by_hand])

    for user in ("eve", "vic"):
        assert site.answer(question, user, "Approve", **APPROVAL).status == 403
    assert site.caller.send("PATCH", question.path, {}, b"{}").status == 401
    shown = site.ask("ada", "GET", question.path).json
    assert WAITS.sentence.split(":")[0] in shown["body"]
    assert shown["options"] == ["Approve", "Reject"]
    assert reviewed.champion is None
    assert site.answered(question, "ada", "Approve", **APPROVAL) == "success"
    assert site.answer(question, "grace", "Reject", **APPROVAL).status == 409
    states = site.ended("review_audit", run)
    assert states["run"] == "success", states
    (review,) = reviewed.reviews("2")
    assert (review.decision, review.approvers) == ("approve", ("ada",))
    assert reviewed.champion == "2"

    link = f"{site.caller.address}/dags/review_audit/runs/{run}/required_actions"
    told = until(lambda: [text for _, text in reviewed.chat.messages if link in text], site.told)
    assert told[0].startswith(f"{MODEL} version 2 waits for a review by responsible-ai: ")
    assert reviewed.chat.messages[0][0] == "/services/T0/B0/canary-secret"
    assert reviewed.mail.recipients[0] == "ai@example.org"
    logs = "".join(log.read_text() for log in site.home.rglob("*.log"))
    assert "canary-secret" not in logs


def test_a_waiver_needs_a_second_person(reviewed: Reviewed) -> None:
    site = reviewed.site
    run = reviewed.review("1")
    question = site.question(run, "decide")
    assert site.answered(question, "ada", "Waive", **WAIVER) == "success"
    confirm = site.question(run, "confirm", 0)
    assert reviewed.reviews("1") == []
    reason = {"reason": "I agree."}
    assert site.answered(confirm, "ada", "Agree", **reason) == "failed"
    states = site.ended("review_audit", run)
    assert (states["confirm0"], states["gate"]) == ("failed", "upstream_failed")
    assert "another person must answer" in site.log_of(run, "confirm")
    assert reviewed.reviews("1") == []

    cleared = {
        "dry_run": False,
        "dag_run_id": run,
        "task_ids": ["confirm"],
        "include_downstream": True,
        "only_failed": True,
    }
    reply = site.ask("ada", "POST", "/api/v2/dags/review_audit/clearTaskInstances", cleared)
    assert reply.status == 200, reply.text
    confirm = site.question(run, "confirm", 0)
    assert site.answered(confirm, "grace", "Agree", **reason) == "success"
    states = site.ended("review_audit", run)
    assert states["run"] == "success", states
    (review,) = reviewed.reviews("1")
    assert (review.decision, review.approvers) == ("waive", ("ada", "grace"))
    # It may be promoted now; a newer version has been, meanwhile, and stays.
    assert states["gate"] == "skipped"
    assert "not promoted: version 2 is in production" in site.log_of(run, "gate")
    assert reviewed.champion == "2"


def test_nobody_answering_and_nobody_at_all_let_nothing_through(reviewed: Reviewed) -> None:
    site, champion = reviewed.site, reviewed.champion
    run = reviewed.review("3")
    assert site.unanswered(site.question(run, "decide")) == "failed"
    states = site.ended("review_audit", run)
    assert (states["decide"], states["gate"]) == ("failed", "upstream_failed")
    assert "nobody answered within an hour" in site.log_of(run, "decide")
    assert reviewed.reviews("3") == []
    assert reviewed.champion == champion
    until(
        lambda: any(
            "nobody answered within an hour" in text for _, text in reviewed.chat.messages
        ),
        site.told,
    )


def test_an_answer_written_into_airflows_database_is_none(reviewed: Reviewed) -> None:
    """Whoever may edit runs marks the question as answered, and writes the answer."""
    site, champion = reviewed.site, reviewed.champion
    run = reviewed.review("4")
    site.question(run, "decide")
    forged = json.dumps({"payload": "e30=", "payloadType": "x", "signatures": []})
    base = f"/api/v2/dags/review_audit/dagRuns/{run}/taskInstances/decide"
    body = {"key": "return_value", "value": forged}
    assert site.ask("ada", "POST", f"{base}/xcomEntries", body).status == 201
    patch: dict[str, Any] = {"new_state": "success"}
    assert site.ask("ada", "PATCH", base, patch).status == 200
    states = site.ended("review_audit", run)
    assert (states["decide"], states["gate"]) == ("success", "upstream_failed"), states
    assert "what should be an answer" in site.log_of(run, "more_people")
    assert reviewed.reviews("4") == []
    assert reviewed.champion == champion


def test_the_ledger_still_holds(reviewed: Reviewed) -> None:
    records = verified_ledger(
        Installation(reviewed.settings).ledger, load_trusted_keys(reviewed.settings.trusted_keys)
    )
    assert [type(each) for each in records] == [AuditRecord] * 4 + [ReviewRecord] * 2
