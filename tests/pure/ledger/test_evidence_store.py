"""Evidence files beside the ledger: kept once, for their owner alone, and bound by the records."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fairness_audit.encoding import digest_of
from fairness_audit.errors import LedgerError, MeasurementError, RecordError
from fairness_audit.ledger.evidence import EvidenceStore
from fairness_audit.ledger.history import history
from fairness_audit.policy.load import LoadedPolicy
from fairness_audit.policy.method import Method
from fairness_audit.records.evidence import Evidence, digest_of_content
from fairness_audit.records.history import Audit, History, Own, history_of
from fairness_audit.records.measurement import MeasurementFile
from fairness_audit.records.signed.audit import AuditRecord
from fairness_audit.records.signed.dsse import open_envelope
from fairness_audit.records.version_evidence import VersionEvidence
from fairness_audit.steps.extract.retention import delete_runs
from fairness_audit.steps.measure import own_evidence
from tests.builders.dated import Decided, after, counted_by_hand, with_evidence
from tests.builders.judging import gender_policy
from tests.builders.published import (
    MODEL,
    TRUSTED,
    a_ledger,
    a_loaded_policy,
    a_record,
    an_audit,
    digest,
    published,
)

POLICY = gender_policy()


def counted(selected: int = 3, *, week: int = 0, version: str = "1", audited: str = "decisions",
            unit: str = "week") -> Evidence:  # fmt: skip
    """The evidence of one week in which so many men were selected."""
    made = [
        Decided(after(7 * week + 1), f"s{i}", True, None, {"gender": "M"}) for i in range(selected)
    ]
    window = after(7 * week), after(7 * week + 7)
    changes = {"model_version": version, "audited": audited}
    return counted_by_hand(gender_policy(evidence={"unit": unit}), made, window, **changes)


@pytest.fixture
def store(tmp_path: Path) -> EvidenceStore:
    return EvidenceStore(tmp_path / "evidence")


def bound(
    store: EvidenceStore, evidence: Evidence | None, seq: int = 1, **changes: object
) -> AuditRecord:
    """A record of the version that binds what was counted, which is kept."""
    kept = None if evidence is None else store.keep(evidence.content)
    content = {"seq": seq, "prev": None if seq == 1 else digest("before"),
               "evidence_digest": kept, "logical_date": after(7 * seq)}  # fmt: skip
    return a_record(**(content | changes))


def file_of(store: EvidenceStore, record: AuditRecord) -> Path:
    return store.folder / f"{record.evidence_digest}.json"


# --- keeping and reading ------------------------------------------------------------------------


def test_what_was_kept_is_read(store: EvidenceStore) -> None:
    evidence = counted()
    record = bound(store, evidence)
    assert record.evidence_digest == digest_of_content(evidence.content)
    assert store.read(record) == evidence
    assert list(store.faults([record])) == []


def test_its_owner_alone_may_read_it(store: EvidenceStore) -> None:
    store.folder.mkdir(mode=0o755)
    file = file_of(store, bound(store, counted()))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(store.folder.stat().st_mode) == 0o700


def test_keeping_it_again_changes_nothing(store: EvidenceStore) -> None:
    file = file_of(store, bound(store, counted()))
    before = file.stat()
    bound(store, counted())
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert [each.name for each in store.folder.iterdir()] == [file.name]


def test_keeping_it_again_puts_right_what_was_altered(store: EvidenceStore) -> None:
    record = bound(store, counted())
    file_of(store, record).write_bytes(b"{}")
    bound(store, counted())
    assert store.read(record) == counted()


def test_a_record_of_before_has_none(store: EvidenceStore) -> None:
    record = bound(store, None)
    assert store.read(record) is None
    assert list(store.faults([record])) == []
    assert not store.folder.exists()


ALTERED = counted().content.replace(b"[3]", b"[4]", 1)


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "is missing"), (ALTERED, "was altered"), (b"", "was altered")],
)
def test_a_file_that_is_gone_or_altered_is_named_with_its_cure(
    store: EvidenceStore, content: bytes | None, said: str
) -> None:
    record = bound(store, counted())
    file = file_of(store, record)
    if content is None:
        file.unlink()
    else:
        file.write_bytes(content)
    with pytest.raises(RecordError) as caught:
        store.read(record)
    message = str(caught.value)
    assert message.startswith(f"record 1 of {MODEL} version 1: its evidence file {file} {said}")
    assert "restore it from the backup" in message
    assert f"fairness-audit replay {record.record_id[:12]}" in message
    assert list(store.faults([record])) == [message]


def test_a_folder_in_its_place_cannot_be_read(store: EvidenceStore) -> None:
    record = bound(store, counted())
    file_of(store, record).unlink()
    file_of(store, record).mkdir()
    with pytest.raises(RecordError, match="cannot be read: Is a directory"):
        store.read(record)


def test_bound_bytes_that_are_no_evidence_are_refused(store: EvidenceStore) -> None:
    record = a_record(evidence_digest=store.keep(b'{"tp": [4711471147]}'))
    with pytest.raises(RecordError, match="is no evidence of an audit") as caught:
        store.read(record)
    assert "4711471147" not in str(caught.value)


def test_what_others_may_read_is_a_fault(store: EvidenceStore) -> None:
    record = bound(store, counted())
    file_of(store, record).chmod(0o640)
    store.folder.chmod(0o750)
    assert list(store.faults([record])) == [
        f"{each} is readable by others than its owner (chmod {mode} {each})"
        for each, mode in ((store.folder, 700), (file_of(store, record), 600))
    ]


def test_every_record_is_looked_at(store: EvidenceStore) -> None:
    records = [bound(store, counted(n), n) for n in (1, 2, 3)]
    for record in records[::2]:
        file_of(store, record).unlink()
    found = list(store.faults([*records, "a review"]))
    assert [each.split()[1] for each in found] == ["1", "3"]


def test_a_lost_file_is_put_back_if_it_is_the_same(store: EvidenceStore, tmp_path: Path) -> None:
    record = bound(store, counted())
    again = tmp_path / "evidence.json"
    again.write_bytes(counted().content)
    assert not store.restored(record, again)  # nothing is lost
    file_of(store, record).unlink()
    assert not store.restored(record, None)
    again.write_bytes(counted(4).content)
    assert not store.restored(record, again)
    again.write_bytes(counted().content)
    assert store.restored(record, again)
    assert store.read(record) == counted()
    assert not store.restored(bound(store, None), again)


# --- what a record binds ------------------------------------------------------------------------


@pytest.fixture
def loaded(tmp_path: Path) -> LoadedPolicy:
    return a_loaded_policy(tmp_path)


def measured(folder: Path, evidence: Evidence) -> MeasurementFile:
    """What the step measure gives."""
    audit = an_audit(a_loaded_policy(folder), folder=folder)
    return with_evidence(audit["measurements"], folder, evidence)


def test_the_file_is_kept_before_the_record_is_there(
    loaded: LoadedPolicy, store: EvidenceStore, tmp_path: Path
) -> None:
    """A record that cannot be appended leaves a file that nobody binds, never the other way."""
    given = measured(tmp_path / "run", counted())
    with pytest.raises(LedgerError):
        published(loaded, tmp_path, measurements=given, ledger_url=f"sqlite:///{tmp_path}")
    assert [each.stem for each in store.folder.iterdir()] == [given.evidence_digest]


def test_without_the_file_there_is_no_record(
    loaded: LoadedPolicy, store: EvidenceStore, tmp_path: Path
) -> None:
    store.folder.write_text("in the way of the folder")
    with pytest.raises(LedgerError, match=r"cannot be written: File exists \(let who publishes"):
        published(loaded, tmp_path, measurements=measured(tmp_path / "run", counted()))
    assert not (tmp_path / "ledger.db").exists()


def test_a_published_record_binds_it_and_is_the_same_again(
    loaded: LoadedPolicy, store: EvidenceStore, tmp_path: Path
) -> None:
    given = measured(tmp_path / "run", counted())
    files = [published(loaded, tmp_path, measurements=given).file for _ in range(2)]
    record = open_envelope(files[0].read_bytes(), TRUSTED).record
    assert isinstance(record, AuditRecord)
    assert record.evidence_digest == given.evidence_digest
    assert store.read(record) == counted()
    assert files[0] == files[1]
    assert not any(str(count).encode() in files[0].read_bytes() for count in (b"tp", b"subjects"))


def test_a_file_that_changed_since_it_was_measured_is_not_bound(
    loaded: LoadedPolicy, store: EvidenceStore, tmp_path: Path
) -> None:
    given = measured(tmp_path / "run", counted())
    assert given.evidence is not None
    given.evidence.write_bytes(counted(4).content)
    with pytest.raises(RecordError, match="is not what was measured"):
        published(loaded, tmp_path, measurements=given)
    given.evidence.unlink()
    with pytest.raises(RecordError, match="run the step measure again"):
        published(loaded, tmp_path, measurements=given)
    assert not store.folder.exists()
    assert a_ledger(tmp_path).heads.length() == 0


def test_it_stays_when_the_folder_of_its_run_is_deleted(
    loaded: LoadedPolicy, store: EvidenceStore, tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    given = measured(runs / MODEL / "one", counted())
    file = published(loaded, tmp_path, measurements=given).file
    (runs / MODEL / "two").mkdir()
    later = datetime.now(UTC) + timedelta(days=99)
    assert runs / MODEL / "one" in delete_runs(runs, keep_days=1, now=later)
    record = open_envelope(file.read_bytes(), TRUSTED).record
    assert isinstance(record, AuditRecord)
    assert store.read(record) == counted()


def test_an_audit_that_was_published_with_other_evidence_stays(
    loaded: LoadedPolicy, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = published(loaded, tmp_path, measurements=measured(tmp_path / "run", counted()))
    again = published(loaded, tmp_path, measurements=measured(tmp_path / "run", counted(4)))
    assert again == first
    assert "with other evidence; it stays as it is" in caplog.text


def test_an_audit_of_before_is_published_again_as_it_is(
    loaded: LoadedPolicy, tmp_path: Path
) -> None:
    before = published(loaded, tmp_path)
    again = published(loaded, tmp_path, measurements=measured(tmp_path / "run", counted()))
    assert again == before


def test_what_an_audit_counted_is_read_for_its_history(
    store: EvidenceStore, tmp_path: Path
) -> None:
    given = measured(tmp_path / "run", counted())
    assert given.evidence is not None
    own = own_evidence(given, digest("artifact 1"), store.read)
    assert (own.evidence, own.digest) == (counted(), given.evidence_digest)
    given.evidence.write_bytes(counted(4).content)
    with pytest.raises(MeasurementError, match="was changed after it was measured"):
        own_evidence(given, digest("artifact 1"), store.read)
    given.evidence.unlink()
    with pytest.raises(MeasurementError, match="no such file"):
        own_evidence(given, digest("artifact 1"), store.read)
    none = given.model_copy(update={"evidence": None, "evidence_digest": None})
    with pytest.raises(MeasurementError, match="of no window"):
        own_evidence(none, digest("artifact 1"), store.read)


# --- the evidence about a version ---------------------------------------------------------------


def about(
    store: EvidenceStore,
    own: Evidence,
    *records: AuditRecord,
    record_id: str = "new",
    days: float = 70,
) -> VersionEvidence:
    """What an audit that counted this, as of the tenth week or so, finds in the ledger."""
    return history_for(store, own, *records, record_id=record_id, days=days).evidence


def history_for(
    store: EvidenceStore,
    own: Evidence,
    *records: AuditRecord,
    record_id: str = "new",
    days: float = 70,
    method: Method | None = None,
) -> History:
    """The same, by a method; None for an audit of before there were any, made again."""
    rests_on = digest("policy") if method is None else method.digest
    audit = Audit(record_id, MODEL, after(days), rests_on, has_method=method is not None)
    mine = Own(digest("artifact 1"), digest_of_content(own.content), own, store.read)
    return history_of(audit, records, mine)


def weekly(found: VersionEvidence) -> list[int]:
    (place,) = [each for each in found.places if each.grouping == "overall"]
    return list(found.counts(place, found.groups(place)[0]).n)


def test_all_records_of_a_version_make_its_evidence_and_the_audit_its_own(
    store: EvidenceStore,
) -> None:
    records = [bound(store, counted(n, week=n), n) for n in (1, 2)]
    found = about(store, counted(3, week=3), *records)
    assert weekly(found) == [1, 2, 3]
    assert found.entered == (after(7), after(14), after(70))
    assert found.uncounted == ()


@pytest.mark.parametrize(
    "other",
    [
        {"model_version": "2"},
        {"artifact_digest": digest("artifact 2")},
        {"audited": "candidate"},
        {"model": "offer_targeting"},
    ],
)
def test_what_is_about_something_else_is_no_part_of_it(
    store: EvidenceStore, other: dict[str, str]
) -> None:
    record = bound(store, counted(5, week=1), **other)
    assert weekly(about(store, counted(3, week=3), record)) == [3]


def test_a_candidate_has_evidence_of_its_own(store: EvidenceStore) -> None:
    decided = bound(store, counted(5, week=1))
    simulated = bound(store, counted(6, week=2, audited="candidate"), 2, audited="candidate")
    found = about(store, counted(3, week=3, audited="candidate"), decided, simulated)
    assert weekly(found) == [6, 3]
    assert found.previous is None


def test_an_audit_that_is_published_already_sees_what_came_before_it(store: EvidenceStore) -> None:
    records = [bound(store, counted(n, week=n), n) for n in (1, 2, 3)]
    found = about(store, counted(2, week=2), *records, record_id=records[1].record_id)
    assert weekly(found) == [1, 2]


def test_records_that_add_nothing_are_named(store: EvidenceStore) -> None:
    old = bound(store, None, 1)
    daily = bound(store, counted(2, week=2, unit="day"), 2)
    found = about(store, counted(3, week=3), old, daily)
    assert weekly(found) == [3]
    assert [(each.seq, each.record_id, each.reason) for each in found.uncounted] == [
        (1, old.record_id, "published before evidence was counted"),
        (2, daily.record_id, "counted by day"),
    ]


def a_method(word: str) -> Method:
    parts = {"sql/population/lead_scoring.sql": digest(word)}
    return Method(digest=digest_of(parts), parts=parts)


def test_what_another_method_counted_is_no_evidence_in_this_one(store: EvidenceStore) -> None:
    """Whose group is a hash of the decision is one of another, although the file was put back."""
    hashed, put_back = a_method("hash(decision_id)"), a_method("gender")
    records = [
        bound(store, counted(5, week=1), 1, method=put_back),
        bound(store, counted(6, week=2), 2, method=hashed),
        bound(store, counted(7, week=3), 3),
    ]
    found = history_for(store, counted(8, week=4), *records, method=put_back)
    assert weekly(found.evidence) == [5, 0, 0, 8]
    assert [(each.seq, each.reason) for each in found.evidence.uncounted] == [
        (2, "counted by another method"),
        (3, "counted by another method"),
    ]
    assert (found.rests_on, found.method_since) == (put_back.digest, records[0].issued)
    assert len(found.earlier) == 3  # a failure of theirs stands all the same


def test_an_audit_of_before_there_were_methods_counts_what_it_counted(
    store: EvidenceStore,
) -> None:
    records = [bound(store, counted(5, week=1), 1)]
    found = history_for(store, counted(8, week=2), *records)
    assert weekly(found.evidence) == [5, 8]
    assert found.rests_on is None


@pytest.mark.parametrize("lost", [0, 1])
def test_a_file_of_the_version_that_is_lost_is_an_error(store: EvidenceStore, lost: int) -> None:
    records = [bound(store, counted(n, week=n), n) for n in (1, 2)]
    file_of(store, records[lost]).unlink()
    with pytest.raises(RecordError, match=f"record {lost + 1} .* is missing"):
        about(store, counted(3, week=3), *records)


def test_a_lost_file_of_another_version_that_nobody_looks_at_is_none(store: EvidenceStore) -> None:
    other = bound(store, counted(5, week=1), 2, model_version="2")
    file_of(store, other).unlink()
    own = bound(store, counted(1, week=0), 1)
    assert weekly(about(store, counted(3, week=3), own, other)) == [1, 0, 0, 3]


def test_the_version_before_gives_what_is_expected_of_this_one(store: EvidenceStore) -> None:
    older = bound(store, counted(9, week=0), 1, model_version="0")
    last = [bound(store, counted(n, week=n), n, model_version="8") for n in (2, 3)]
    candidate = bound(store, counted(7, week=4), 4, model_version="9", audited="candidate")
    without = bound(store, None, 5, model_version="7")
    found = about(store, counted(3, week=6), older, *last, candidate, without)
    assert found.previous is not None
    assert found.previous.model_version == "8"
    assert found.previous.counts.n == 2 + 3


def test_what_is_expected_does_not_change_once_the_version_has_a_record(
    store: EvidenceStore,
) -> None:
    """Auditing the version before again would otherwise change what was already judged."""
    before = bound(store, counted(2, week=1), 1, model_version="8")
    own = bound(store, counted(4, week=5), 2)
    later = bound(store, counted(90, week=2), 3, model_version="8", logical_date=after(3))
    found = [
        about(store, counted(3, week=6), *records)
        for records in ((before,), (before, own), (before, own, later))
    ]
    assert [each.previous.counts.n for each in found if each.previous] == [2, 2, 2]


def test_an_audit_of_an_earlier_moment_expects_what_was_expected_of_the_version_at_first(
    store: EvidenceStore,
) -> None:
    before = bound(store, counted(2, week=1), 1, model_version="8")
    own = bound(store, counted(4, week=5), 2)
    later = bound(store, counted(90, week=2), 3, model_version="7")
    found = about(store, counted(3, week=0), before, own, later, days=8)
    assert weekly(found) == [3]
    assert found.previous is not None
    assert found.previous.model_version == "8"


def test_the_history_of_a_ledger_has_it(
    loaded: LoadedPolicy, store: EvidenceStore, tmp_path: Path
) -> None:
    given = measured(tmp_path / "run", counted(2, week=1))
    published(loaded, tmp_path, measurements=given)
    own = counted(3, week=2)
    mine = Own(digest("artifact 1"), digest_of_content(own.content), own, store.read)
    audit = Audit("new", MODEL, after(3650), digest("policy"), has_method=False)

    def asked(own: Own) -> VersionEvidence:
        ledger = a_ledger(tmp_path)
        return history(ledger, lambda: TRUSTED, audit, own).evidence

    assert weekly(asked(mine)) == [2, 3]
    for file in store.folder.iterdir():
        file.unlink()
    with pytest.raises(RecordError, match="is missing"):
        asked(mine)
