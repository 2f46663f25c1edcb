"""A candidate's record made again: whose files score, and what is held against what."""

import inspect
import shutil
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from fairness_audit.errors import InputError, RecordError, RegistryError
from fairness_audit.files import write_bytes
from fairness_audit.records.comparison import ComparisonFile
from fairness_audit.records.finding import Judgement, Verdict
from fairness_audit.records.history import ReadEvidence
from fairness_audit.records.report import report_digest
from fairness_audit.records.signed.audit import AuditRecord
from fairness_audit.records.signed.simulation import Simulation
from fairness_audit.records.steps import CANDIDATE, Step
from fairness_audit.registry.artifact import folder_digest
from fairness_audit.replay.replay import Past, Replayed, ReplayedSteps, differences
from fairness_audit.steps.score.stored_artifact import stored_artifact
from tests.builders.dated import after, counted_by_hand
from tests.builders.judging import gender_policy
from tests.builders.published import a_finding, a_loaded_policy, a_record, an_audit, digest


def a_run(folder: Path, content: bytes = b"flavors: {}\n") -> Path:
    """A run that scored an artifact."""
    write_bytes(folder / "candidate" / "artifact" / "MLmodel", content)
    return folder


def test_the_very_files_that_scored_are_found_in_whatever_run_keeps_them(tmp_path: Path) -> None:
    (tmp_path / "decisions").mkdir()
    (tmp_path / "cut_off" / "candidate" / "artifact").mkdir(parents=True)
    runs = [tmp_path / "decisions", tmp_path / "cut_off", a_run(tmp_path / "other", b"other"),
            a_run(tmp_path / "run")]  # fmt: skip
    wanted = folder_digest(tmp_path / "run" / "candidate" / "artifact")
    kept = stored_artifact(runs, wanted)
    assert kept.artifact_digest("lead_scoring", "2") == wanted
    assert kept.copy("lead_scoring", "2", tmp_path / "copy") == wanted
    assert (tmp_path / "copy" / "MLmodel").read_bytes() == b"flavors: {}\n"


def test_files_that_were_changed_or_deleted_do_not_score_again(tmp_path: Path) -> None:
    run = a_run(tmp_path / "run")
    artifact = run / "candidate" / "artifact"
    scored = folder_digest(artifact)
    write_bytes(artifact / "MLmodel", b"flavors: {python_function: {}}\n")
    with pytest.raises(InputError, match=f"no run keeps the files {scored[:12]} that scored"):
        stored_artifact([run], scored)
    shutil.rmtree(artifact)
    with pytest.raises(InputError, match="fairness-audit candidate MODEL VERSION"):
        stored_artifact([run], scored)


def test_a_link_in_a_kept_artifact_is_not_copied(tmp_path: Path) -> None:
    """Planted later, it would lead the artifact out of the folder that it may read."""
    run = a_run(tmp_path / "run")
    model = run / "candidate" / "artifact" / "MLmodel"
    wanted = folder_digest(model.parent)
    kept = stored_artifact([run], wanted)
    model.rename(tmp_path / "elsewhere")
    model.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RegistryError, match="MLmodel is a link"):
        kept.copy("lead_scoring", "2", tmp_path / "copy")
    with pytest.raises(InputError, match="no run keeps the files"):
        stored_artifact([run], wanted)


def test_another_comparison_is_a_difference(tmp_path: Path) -> None:
    audit = SimpleNamespace(**an_audit(a_loaded_policy(tmp_path)))
    judgement = Judgement(verdict=Verdict.PASS, findings=(a_finding(),))
    said = Simulation(
        against="1", confinement=("landlock",), cut=0.5, tied=1, tied_selected=1,
        comparison_digest=digest("comparison"),
    )  # fmt: skip
    record = a_record(
        audited="candidate",
        simulation=said,
        report_digest=report_digest("lead_scoring", audit.validation, judgement),
    )

    def found(comparison: str) -> list[str]:
        compared = ComparisonFile(
            path=tmp_path, digest=digest(comparison), against="1", better=(), worse=()
        )
        again = Replayed(
            audit.population, audit.measurements, audit.validation, judgement, compared
        )
        return list(differences(record, again))

    assert found("comparison") == []
    (difference,) = found("another")
    assert difference.startswith(f"comparison: {digest('comparison')[:12]} then, ")


def test_another_count_is_a_difference_and_a_record_of_before_has_none(tmp_path: Path) -> None:
    audit = SimpleNamespace(**an_audit(a_loaded_policy(tmp_path)))
    made = audit.measurements.model_copy(update={"evidence_digest": digest("counted")})
    again = Replayed(audit.population, made, audit.validation, audit.judgement)
    same = report_digest("lead_scoring", audit.validation, audit.judgement)

    def found(**bound: str) -> list[str]:
        return list(differences(a_record(report_digest=same, **bound), again))

    assert found() == []
    assert found(evidence_digest=digest("counted")) == []
    (difference,) = found(evidence_digest=digest("counted otherwise"))
    assert difference.startswith(f"evidence: {digest('counted otherwise')[:12]} then, ")


def test_a_replay_counts_from_when_the_audit_did() -> None:
    """What was tagged since is asked for only where the file of then is lost."""
    then, now = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC)
    counted = counted_by_hand(gender_policy(), [], (after(0), after(7)), counts_from=then)
    record = a_record(evidence_digest=digest("counted"))
    asked = []

    def trained_until(version: str) -> datetime:
        asked.append(version)
        return now

    def lost(_: AuditRecord) -> None:
        raise RecordError("is missing")

    def since(read: ReadEvidence) -> datetime | None:
        return Past.of(record, [record], read, trained_until).counts_from

    assert since(lambda _: counted) == then
    assert since(lambda _: None) is None
    assert asked == []
    assert since(lost) == now
    assert asked == ["1"]


def test_a_replay_can_take_every_step_between_the_snapshot_and_the_record() -> None:
    between = CANDIDATE.steps[1 : CANDIDATE.steps.index(Step.PUBLISH)]
    for step in between:
        taken = set(inspect.signature(getattr(ReplayedSteps, step)).parameters) - {"self"}
        assert taken == set(CANDIDATE.givers(step)), step
