"""A record holds for the method it was made by: statements, suites and what is judged."""

from collections.abc import Callable
from pathlib import Path

import pytest

from fairness_audit.errors import LedgerAbsent, RecordError
from fairness_audit.ledger.verified import verified_ledger
from fairness_audit.records.signed.audit import AuditRecord, GateDecision
from fairness_audit.steps.gate.decision import decide
from tests.builders.published import (
    NOW,
    TRUSTED,
    a_ledger,
    a_loaded_policy,
    an_audit,
    published,
)

STATEMENT = "sql/population/lead_scoring.sql"
SUITE = "expectations/lead_scoring/quality.json"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a statement and a suite."""
    for name, content in ((STATEMENT, "self_identification.gender"), (SUITE, "{}")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    return tmp_path


def records_in(home: Path) -> list[AuditRecord]:
    """The audits in the ledger, verified."""
    records = verified_ledger(a_ledger(home), TRUSTED)
    return [each for each in records if isinstance(each, AuditRecord)]


def asked(home: Path, **policy: object) -> GateDecision:
    """The gate's answer about version 1 under what the files are now."""
    (record,) = records_in(home)
    return decide(
        a_loaded_policy(home, **policy),
        model_version="1",
        artifact_digest=record.artifact_digest,
        records=[record],
        now=NOW,
    )


@pytest.mark.parametrize("name", [STATEMENT, SUITE])
def test_a_file_that_was_another_one_during_the_audit_blocks(home: Path, name: str) -> None:
    """Replaced, audited, put back: the policy is the same all along."""
    as_it_is = (home / name).read_text()
    (home / name).write_text("hash(decision_id)")
    published(a_loaded_policy(home), home)
    assert asked(home).decision == "allow"
    (home / name).write_text(as_it_is)
    decision = asked(home)
    assert decision.decision == "block"
    assert decision.reasons == (f"{name} has changed since the audit; audit the version again",)


def test_what_is_judged_blocks_and_how_it_is_run_does_not(home: Path) -> None:
    published(a_loaded_policy(home), home)
    assert asked(home, description="In other words.").decision == "allow"
    assert asked(home, schedule={"cron": "0 7 * * *"}).decision == "allow"
    decision = asked(home, min_group_size=31)
    assert decision.decision == "block"
    assert decision.reasons == ("the policy has changed since the audit; audit the version again",)


def test_all_that_changed_is_named(home: Path) -> None:
    published(a_loaded_policy(home), home)
    for name in (STATEMENT, SUITE):
        (home / name).unlink()
    (reason,) = asked(home).reasons
    assert reason.startswith(f"{SUITE}, {STATEMENT} have changed since the audit")


def test_a_record_says_what_it_was_made_by(home: Path) -> None:
    loaded = a_loaded_policy(home)
    published(loaded, home)
    (record,) = records_in(home)
    assert record.method is not None
    assert record.method == loaded.method
    assert STATEMENT in record.method.parts
    assert record.policy_digest == loaded.digest


def test_the_same_audit_run_in_another_way_is_the_same_record(home: Path) -> None:
    published(a_loaded_policy(home), home)
    published(a_loaded_policy(home, description="In other words."), home)
    assert len(records_in(home)) == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda home: (home / STATEMENT).write_text("hash(decision_id)"),
        lambda home: (home / SUITE).unlink(),
    ],
)
def test_nothing_is_published_of_an_audit_during_which_it_changed(
    home: Path, change: Callable[[Path], object]
) -> None:
    loaded = a_loaded_policy(home)
    snapshot = an_audit(loaded)["snapshot"]
    change(home)
    with pytest.raises(RecordError, match="changed while the audit ran"):
        published(loaded, home, snapshot=snapshot)
    with pytest.raises(LedgerAbsent):
        a_ledger(home).all()
