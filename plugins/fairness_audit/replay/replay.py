"""The same audit again, from the snapshot it was made of: does it give the same?

Nothing is published and nothing promoted; what is made lies in a folder of its own.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from fairness_audit.errors import InputError, RecordError, SourceError
from fairness_audit.policy.load import LoadedPolicy, kept_policy
from fairness_audit.policy.method import home_of
from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.comparison import ComparisonFile
from fairness_audit.records.finding import Judgement
from fairness_audit.records.history import Audit, ReadEvidence, history_of
from fairness_audit.records.measurement import MeasurementFile
from fairness_audit.records.population import Population
from fairness_audit.records.report import report_digest
from fairness_audit.records.signed.audit import AuditRecord
from fairness_audit.records.snapshot import Snapshot
from fairness_audit.records.steps import AUDIT, CANDIDATE, Step
from fairness_audit.records.validation import ValidationReport
from fairness_audit.steps.assemble import assemble
from fairness_audit.steps.compare import compare
from fairness_audit.steps.extract import read_snapshot
from fairness_audit.steps.extract.manifest import read_manifest
from fairness_audit.steps.judge import judge
from fairness_audit.steps.measure import measure, own_evidence, read_measurements
from fairness_audit.steps.publish.software import software_versions
from fairness_audit.steps.score.candidate import score_candidate
from fairness_audit.steps.score.process import Host
from fairness_audit.steps.score.stored_artifact import stored_artifact
from fairness_audit.steps.validate import validate


@dataclass(frozen=True)
class Replayed:
    """What an audit gave when it was made again; a candidate's is compared again too."""

    population: Population
    measurements: MeasurementFile
    validation: ValidationReport
    judgement: Judgement
    comparison: ComparisonFile | None = None


def stored_snapshot(record: AuditRecord, runs: Path) -> Snapshot:
    """The snapshot that a record is about, among those of the runs that are kept.

    Raises:
        InputError: when no run of the model holds it.
        SourceError: when it is no longer what was written.
    """
    for folder in sorted(runs.glob("*/*/snapshot")):
        try:
            snapshot = read_manifest(folder)
        except SourceError:
            continue  # of a run that was cut off
        if snapshot.digest == record.snapshot_digest:
            return read_snapshot(folder)
    raise InputError(
        f"no run under {runs} holds the snapshot {record.snapshot_digest[:12]} of record"
        f" {record.record_id[:12]} (its run was deleted; --run names a folder that was kept)"
    )


def method_of_then(
    record: AuditRecord, snapshot: Snapshot, now: LoadedPolicy
) -> tuple[LoadedPolicy, Path]:
    """The policy that a record was judged by, and the home with the statements and suites of then.

    A run keeps them beside its snapshot; where it does not, those of now serve if they are the
    same.

    Raises:
        InputError: when neither is what the record was judged by; names what has changed.
    """
    kept = kept_policy(snapshot.folder.parent, record.model)
    if kept is not None and _judges_as(record, kept):
        return kept, home_of(kept.file)
    check_method(record, now)
    return now, home_of(now.file)


def check_method(record: AuditRecord, loaded: LoadedPolicy) -> None:
    """Fail if a policy or a method is another one than a record was judged by.

    Raises:
        InputError: when it is; names what has changed.
    """
    if changed := loaded.changed_since(record.method, record.policy_digest):
        raise InputError(
            f"{changed} since record {record.record_id[:12]} was judged, and its run keeps nothing"
            " of then (put the files back, or name another policy: --policy FILE)"
        )


def _judges_as(record: AuditRecord, loaded: LoadedPolicy) -> bool:
    return loaded.changed_since(record.method, record.policy_digest) is None


@dataclass(frozen=True)
class Past:
    """What was known when an audit was made.

    ``audits`` were in the ledger before it, and ``read`` gives what they counted; ``counts_from``
    is when the audited version had been trained, None where that was not known.
    """

    audits: Sequence[AuditRecord]
    read: ReadEvidence
    counts_from: datetime | None

    @classmethod
    def of(
        cls,
        record: AuditRecord,
        records: Sequence[object],
        read: ReadEvidence,
        trained_until: Callable[[str], datetime | None],
    ) -> "Past":
        """What was known when a record was made, from all records of the ledger.

        Its evidence file says up to when the version had been trained; where that is lost, it is
        asked for again.

        Raises:
            RecordError: when the record is not in the ledger.
            RegistryError: when the registry is asked and does not answer.
        """
        before = audits_before(record, records)
        try:
            counted = read(record)
        except RecordError:
            return cls(before, read, trained_until(record.model_version))
        return cls(before, read, None if counted is None else counted.counts_from)


def audit_again(
    record: AuditRecord,
    snapshot: Snapshot,
    loaded: LoadedPolicy,
    *,
    past: Past,
    home: Path,
    subject_key: bytes,
    folder: Path,
    runs: Path,
    host: Host,
) -> Replayed:
    """Take the steps of an audit between its snapshot and its record, as if nothing came since.

    A candidate scores again: the files that a run kept, confined as they were then.

    Args:
        record: the audit to be made again.
        snapshot: what it is made of.
        loaded: the policy it is judged by.
        past: what was known when it was made.
        home: folder with ``expectations/`` and ``sql/``.
        subject_key: keys the pseudonyms; with another one the population has another digest.
        folder: where all of it is written.
        runs: folder of the runs that are kept; one of them has a candidate's files.
        host: what there is beside a candidate, such as files that it must not be able to read.

    Raises:
        AuditError: when a step fails.
    """
    flow = CANDIDATE if record.simulation else AUDIT
    again = ReplayedSteps(record, snapshot, loaded, past, home, subject_key, folder, runs, host)
    made = flow.follow(again, {"snapshot": snapshot}, until=Step.PUBLISH)
    return Replayed(
        population=made["population"],
        measurements=made["measurements"],
        validation=made["validation"],
        judgement=made["judgement"],
        comparison=made.get("changes"),
    )


@dataclass(frozen=True)
class ReplayedSteps:
    """The steps of an audit, each as a replay takes it; see :func:`audit_again`."""

    record: AuditRecord
    taken: Snapshot
    loaded: LoadedPolicy
    past: Past
    home: Path
    subject_key: bytes
    folder: Path
    runs: Path
    host: Host

    @property
    def policy(self) -> AuditPolicy:
        """What the record was judged by."""
        return self.loaded.policy

    @property
    def sql(self) -> Path:
        """Folder of the statements."""
        return self.home / "sql"

    def assemble(self, snapshot: Snapshot) -> Population:
        """The decisions of the version, or of that whose place a candidate was put in."""
        simulated = self.record.simulation
        return assemble(
            self.policy,
            snapshot,
            sql=self.sql,
            folder=self.folder,
            subject_key=self.subject_key,
            model_version=simulated.against if simulated else self.record.model_version,
        )

    def score(self, snapshot: Snapshot, decided: Population) -> Population:
        """A candidate scores again: the files that a run kept."""
        folders = [snapshot.folder.parent, *sorted(self.runs.glob(f"{self.policy.model}/*"))]
        return score_candidate(
            self.policy,
            snapshot,
            decided,
            version=self.record.model_version,
            registry=stored_artifact(folders, self.record.artifact_digest),
            sql=self.sql,
            folder=self.folder,
            host=self.host,
        )

    def validate(self, population: Population) -> ValidationReport:
        """Its Data Docs lie beside what is made again, not on the site."""
        return validate(
            self.policy,
            population,
            suites=self.home / "expectations" / self.policy.model,
            sql=self.sql,
            docs=self.folder / "data_docs",
        )

    def measure(self, population: Population) -> MeasurementFile:
        """As the audit did."""
        return measure(
            self.policy,
            population,
            sql=self.sql,
            folder=self.folder,
            counts_from=self.past.counts_from,
        )

    def judge(
        self,
        population: Population,
        measurements: MeasurementFile,
        validation: ValidationReport,
    ) -> Judgement:
        """With the history of then."""
        files = self.record.artifact_digest
        audit = Audit.of(self.taken, population, measurements, files)
        return judge(
            self.policy,
            population=population,
            totals=measurements,
            measurements=read_measurements(measurements),
            validation=validation,
            history=history_of(
                audit,
                self.past.audits,
                own_evidence(measurements, files, self.past.read),
            ),
        )

    def compare(self, decided: Population, population: Population) -> ComparisonFile:
        """As the audit did."""
        return compare(self.policy, decided, population, sql=self.sql, folder=self.folder)


def differences(record: AuditRecord, replayed: Replayed) -> Iterator[str]:
    """What a replay gave otherwise than the record says, in the order of the steps."""
    now = {
        "population": (record.population_digest, replayed.population.digest),
        "measurements": (record.measurements_digest, replayed.measurements.digest),
    }
    if record.evidence_digest is not None:
        now["evidence"] = (record.evidence_digest, replayed.measurements.evidence_digest or "")
    if record.simulation and replayed.comparison:
        compared = (record.simulation.comparison_digest, replayed.comparison.digest)
        now["comparison"] = compared
    for name, (then, again) in now.items():
        if then != again:
            yield f"{name}: {then[:12]} then, {again[:12]} now"
    if record.verdict is not replayed.judgement.verdict:
        yield f"verdict: {record.verdict} then, {replayed.judgement.verdict} now"
    found = {finding.id: finding for finding in replayed.judgement.findings}
    for finding in record.findings:
        again_found = found.pop(finding.id, None)
        if again_found is None:
            yield f"finding {finding.id}: not found now"
        elif again_found != finding:
            yield f"finding {finding.id}: {finding.sentence} | now: {again_found.sentence}"
    for name in found:
        yield f"finding {name}: found only now"
    digest = report_digest(record.model, replayed.validation, replayed.judgement)
    if digest != record.report_digest:
        yield f"report: {record.report_digest[:12]} then, {digest[:12]} now"


def version_changes(record: AuditRecord) -> list[str]:
    """Software that is not what it was when the record was made: a likely cause."""
    now = software_versions()
    names = sorted({*record.versions, *now})
    return [
        f"{name} {record.versions.get(name, 'absent')} -> {now.get(name, 'absent')}"
        for name in names
        if record.versions.get(name) != now.get(name)
    ]


def audits_before(record: AuditRecord, records: Sequence[object]) -> list[AuditRecord]:
    """The audits in the ledger before a record.

    Raises:
        RecordError: when the record is not in the ledger.
    """
    audits = [each for each in records if isinstance(each, AuditRecord)]
    if record not in audits:
        raise RecordError(
            f"record {record.record_id[:12]} is not in the ledger (FAIRNESS_AUDIT_LEDGER names"
            " which; a record of another installation is replayed there)"
        )
    return audits[: audits.index(record)]
