"""Backfills, audits of earlier moments and of older versions end by what they found."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from fairness_audit.installation import Installation
from fairness_audit.pipeline import local as local_airflow
from fairness_audit.records.signed.audit import AuditRecord, Rollback
from tests.builders.gated import Gated, before_the_gate
from tests.builders.published import MODEL, a_loaded_policy, an_audit, published
from tests.servers.airflow_database import known_dags

GATE = f"""
from airflow.sdk import DAG, Param
from fairness_audit.pipeline.audit import gate
from fairness_audit.release import promotion_of

params = {{"model_version": Param("1"), "record": Param(""), "as_of": Param(None)}}
with DAG("before", params=params):
    population, record = {before_the_gate("")}
    gate.override(outlets=[promotion_of("{MODEL}")])(
        "{MODEL}",
        population | {{"model_version": "{{{{ params.model_version }}}}"}},
        record | {{"record_id": "{{{{ params.record }}}}"}},
    )
"""
EARLIER = "2026-04-06T00:00:00+00:00"

pytestmark = pytest.mark.filterwarnings("ignore")  # Airflow's own, of a whole run
Ended = local_airflow.Ended
RunGate = Callable[..., Ended]


@pytest.fixture
def run_gate(gated: Gated, airflow_database: None) -> RunGate:
    """Run the gate's task over the newest record of a version."""

    file = gated.folder / "before.py"
    file.write_text(GATE)
    known_dags(file)

    def run(version: str, as_of: str | None = None) -> Ended:
        found = {each.model_version: each.record_id for each in records(gated)}
        given = {"model_version": version, "record": found[version], "as_of": as_of}
        return local_airflow.run("before", file, given, gated.folder / "before.log")

    return run


def records(gated: Gated) -> list[AuditRecord]:
    with Installation.from_environment() as installation:
        return [each for each in installation.records() if isinstance(each, AuditRecord)]


def champion(gated: Gated) -> str | None:
    return gated.registry.alias_target(MODEL, "champion")


def events() -> int:
    from airflow.models.asset import AssetEvent
    from airflow.utils.session import create_session
    from sqlalchemy import func, select

    with create_session() as session:
        return session.scalar(select(func.count()).select_from(AssetEvent)) or 0


def test_an_audit_of_an_earlier_moment_moves_nothing_and_ends_by_its_own_verdict(
    gated: Gated, run_gate: RunGate
) -> None:
    before = events()
    ended = run_gate("2", EARLIER)
    assert (ended.succeeded, ended.failed_step) == (True, None), ended.error
    assert (champion(gated), events()) == (None, before)

    ended = run_gate("1", EARLIER)
    assert (ended.succeeded, ended.failed_step) == (False, "gate")
    assert str(ended.error).startswith("found: Women are selected 0.93 times as often as men")
    assert "this one as of 2026-04-06" in str(ended.error)


def test_an_older_version_takes_production_back_only_by_a_signed_wish(
    gated: Gated, run_gate: RunGate
) -> None:
    gated.registry.promote(MODEL, "3", "champion")
    before = events()
    assert run_gate("2").succeeded
    assert (champion(gated), events()) == ("3", before)

    later = datetime.now(UTC) + timedelta(seconds=1)
    digest = gated.registry.artifact_digest(MODEL, "2")
    wish = Rollback(by="ada", reason="Version 3 answers too slowly.")
    loaded = a_loaded_policy(gated.folder)
    snapshot = an_audit(loaded)["snapshot"].model_copy(update={"logical_date": later})
    published(
        loaded, gated.folder, version="2", artifact_digest=digest, now=later, snapshot=snapshot,
        rollback=wish,
    )  # fmt: skip
    ended = run_gate("2", later.isoformat())
    assert ended.succeeded, ended.error
    assert (champion(gated), events()) == ("2", before + 1)
    assert records(gated)[-1].rollback == wish
