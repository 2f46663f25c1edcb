"""Publishing: one record per audit, in the ledger and as a file, whatever happens in between."""

from datetime import timedelta
from pathlib import Path

import pytest

from fairness_audit.errors import LedgerError, RecordError
from fairness_audit.ledger.ledger import Ledger
from fairness_audit.ledger.verified import verified_records
from fairness_audit.policy.load import LoadedPolicy
from fairness_audit.records.finding import Evidence, Judgement, Verdict
from fairness_audit.records.signed.dsse import open_envelope
from fairness_audit.steps.publish.software import code_digest
from tests.builders.published import (
    FAILED,
    LOGICAL_DATE,
    NOW,
    TRUSTED,
    a_finding,
    a_loaded_policy,
    an_audit,
    digest,
    published,
)


@pytest.fixture
def loaded(tmp_path: Path) -> LoadedPolicy:
    return a_loaded_policy(tmp_path)


def entries(folder: Path) -> list[bytes]:
    return [entry.envelope for entry in Ledger(f"sqlite:///{folder / 'ledger.db'}").all()]


def test_the_record_says_what_was_audited(loaded: LoadedPolicy, tmp_path: Path) -> None:
    where = published(loaded, tmp_path)
    record = open_envelope(where.file.read_bytes(), TRUSTED).record
    assert (record.record_id, record.verdict) == (where.record_id, where.verdict)
    assert (record.model, record.registered_model) == ("lead_scoring", "lead_scoring")
    assert record.model_version == "1"
    assert record.artifact_digest == digest("artifact 1")
    assert record.snapshot_digest == digest("snapshot")
    assert record.population_digest == digest("population")
    assert record.measurements_digest == digest("measurements")
    assert record.policy_digest == loaded.digest
    assert record.logical_date == LOGICAL_DATE
    assert (record.window_start, record.window_end) == loaded.policy.window(LOGICAL_DATE)
    assert (record.issued, record.expires) == (NOW, NOW + timedelta(days=35))
    assert record.findings == (a_finding(),)
    assert record.counts.model_dump() == {
        "decisions": 100,
        "audited": 90,
        "labelled": 80,
        "selected": 40,
        "checks": 2,
        "checks_passed": 1,
    }
    assert record.versions["fairness-audit"].endswith(code_digest()[:16])
    assert set(record.versions) >= {"python", "duckdb", "fairlearn", "great-expectations"}


def test_the_file_is_what_is_in_the_ledger(loaded: LoadedPolicy, tmp_path: Path) -> None:
    where = published(loaded, tmp_path)
    assert entries(tmp_path) == [where.file.read_bytes()]
    assert where.file.parent == tmp_path / "records" / "lead_scoring" / "1"


def test_a_failed_audit_is_published_too(loaded: LoadedPolicy, tmp_path: Path) -> None:
    judgement = Judgement(verdict=Verdict.FAIL, findings=(FAILED,))
    assert published(loaded, tmp_path, judgement=judgement).verdict is Verdict.FAIL


def test_the_same_audit_again_is_the_same_record(loaded: LoadedPolicy, tmp_path: Path) -> None:
    first = published(loaded, tmp_path)
    content = first.file.read_bytes()
    assert published(loaded, tmp_path, now=NOW + timedelta(days=3)) == first
    assert first.file.read_bytes() == content
    assert len(entries(tmp_path)) == 1


def test_a_missing_file_is_written_again_from_the_ledger(
    loaded: LoadedPolicy, tmp_path: Path
) -> None:
    first = published(loaded, tmp_path)
    content = first.file.read_bytes()
    first.file.unlink()
    assert published(loaded, tmp_path, now=NOW + timedelta(days=3)) == first
    assert first.file.read_bytes() == content


def test_other_data_make_another_record(loaded: LoadedPolicy, tmp_path: Path) -> None:
    first = published(loaded, tmp_path)
    changed = an_audit(loaded)["snapshot"].model_copy(update={"digest": digest("changed")})
    second = published(loaded, tmp_path, snapshot=changed)
    third = published(loaded, tmp_path, artifact_digest=digest("changed"))
    assert len({first.file, second.file, third.file}) == 3
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    assert len(verified_records(ledger.all(), TRUSTED)) == 3


def test_what_was_published_stays_where_less_is_found_against_it(
    loaded: LoadedPolicy, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """So that a run can be cleared after an upgrade, whichever of its tasks."""
    judgement = Judgement(verdict=Verdict.FAIL, findings=(FAILED,))
    first = published(loaded, tmp_path, judgement=judgement)
    assert published(loaded, tmp_path) == first
    assert "with other findings; it stays as it is" in caplog.text


def test_other_findings_from_the_same_data_are_refused(
    loaded: LoadedPolicy, tmp_path: Path
) -> None:
    """A record that says pass must not stand for an audit that now says fail."""
    published(loaded, tmp_path)
    judgement = Judgement(verdict=Verdict.FAIL, findings=(FAILED,))
    with pytest.raises(RecordError, match="with other findings; it stays as it is"):
        published(loaded, tmp_path, judgement=judgement)


def test_a_file_changed_after_publishing_is_told_and_kept(
    loaded: LoadedPolicy, tmp_path: Path
) -> None:
    file = published(loaded, tmp_path).file
    file.write_bytes(b"edited")
    with pytest.raises(RecordError, match="changed after publishing"):
        published(loaded, tmp_path)
    assert file.read_bytes() == b"edited"


def test_an_audit_of_tomorrow_is_refused(loaded: LoadedPolicy, tmp_path: Path) -> None:
    published(loaded, tmp_path, now=LOGICAL_DATE - timedelta(minutes=4))
    with pytest.raises(RecordError, match="is of 2026-06-29 00:00 UTC, which is yet to come"):
        published(loaded, tmp_path, now=LOGICAL_DATE - timedelta(minutes=6))


def test_parts_of_different_audits_are_refused(loaded: LoadedPolicy, tmp_path: Path) -> None:
    audit = an_audit(loaded)
    for part in ("snapshot", "population"):
        other = audit[part].model_copy(update={"model": "offer_targeting"})
        with pytest.raises(RecordError, match="not one audit"):
            published(loaded, tmp_path, **{part: other})
    old = audit["snapshot"].model_copy(update={"method_digest": digest("old method")})
    with pytest.raises(RecordError, match="changed while the audit ran"):
        published(loaded, tmp_path, snapshot=old)
    assert not (tmp_path / "ledger.db").exists()


def test_a_finding_that_is_no_number_leaves_nothing(loaded: LoadedPolicy, tmp_path: Path) -> None:
    finding = a_finding().model_copy(update={"evidence": Evidence(value=float("nan"))})
    judgement = Judgement(verdict=Verdict.PASS, findings=(finding,))
    with pytest.raises(RecordError, match="cannot be signed"):
        published(loaded, tmp_path, judgement=judgement)
    with pytest.raises(LedgerError, match="there is no ledger yet"):
        entries(tmp_path)
    assert not (tmp_path / "records").exists()


def test_without_a_ledger_there_is_no_file(loaded: LoadedPolicy, tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="cannot be used"):
        published(loaded, tmp_path, ledger_url="postgresql://auditor@127.0.0.1:1/audits")
    assert not (tmp_path / "records").exists()


def test_a_hostile_version_cannot_leave_the_folder(loaded: LoadedPolicy, tmp_path: Path) -> None:
    where = published(loaded, tmp_path, version="../../../outside")
    assert where.file.resolve().is_relative_to(tmp_path / "records")
    assert open_envelope(where.file.read_bytes(), TRUSTED).record.model_version.startswith("..")
