"""A candidate scores the population of the version in production, and is audited for it."""

import logging
import shutil
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from fairness_audit.errors import ScoringError
from fairness_audit.files import sha256_of, written_whole
from fairness_audit.policy.candidate import Candidate
from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.population import Population, Scoring
from fairness_audit.records.snapshot import Snapshot
from fairness_audit.settings import Settings
from fairness_audit.statistics.small_counts import told
from fairness_audit.steps.score.features import write_features
from fairness_audit.steps.score.process import Host, Workplace, score
from fairness_audit.steps.score.resources import Limits
from fairness_audit.steps.score.scores import Floats, read_scores
from fairness_audit.steps.score.selected import Selection, select
from fairness_audit.steps.score.signature import check_inputs
from fairness_audit.steps.score.stored_artifact import PLACE

log = logging.getLogger(__name__)

FILE = "candidate.parquet"

_NOT_SIMULATED = ("decision", "rank", "list")


class Artifacts(Protocol):
    """Where the candidate's files come from."""

    def copy(self, model: str, version: str, folder: Path) -> str:
        """Copy a version's files into a new folder; give the digest of the copy."""

    def artifact_digest(self, model: str, version: str) -> str:
        """The digest of a version's files."""


def score_candidate(
    policy: AuditPolicy,
    snapshot: Snapshot,
    decided: Population,
    *,
    version: str,
    registry: Artifacts,
    sql: Path,
    folder: Path,
    host: Host,
    limits: Limits | None = None,
) -> Population:
    """Write what a candidate would have decided to ``folder/candidate.parquet``.

    The rows, groups and outcomes are those of ``decided``; score and selected are the
    candidate's. Its files are copied first: what is digested is what is scored.

    Args:
        policy: says whom a candidate selects.
        snapshot: the CRM tables.
        decided: the logged decisions of the version it is held against.
        version: the candidate's version in the registry.
        registry: holds its files.
        sql: folder of the static SQL files.
        folder: the run's own folder; an earlier scoring in it is replaced.
        host: what there is beside it, such as files that it must not be able to read.
        limits: how much the artifact may use.

    Raises:
        ScoringError: when the artifact is not confined as the policy wants it, does not score, or
            must not be scored.
        PopulationError: when the SQL does not give its inputs; names them.
        RegistryError: when its files cannot be had.
    """
    rule = rule_of(policy)
    population = pq.read_table(decided.path)
    _check_can_be_simulated(policy, decided, population)
    place = Workplace(folder / PLACE)
    shutil.rmtree(place.folder, ignore_errors=True)
    place.folder.mkdir(parents=True, mode=0o700)
    registered = policy.gate.registered_model
    digest = registry.copy(registered, version, place.artifact)
    if digest != registry.artifact_digest(registered, version):
        raise ScoringError(
            f"the files of {registered} version {version} changed while they were copied (find"
            " out who writes to the registry; audit again)"
        )
    write_features(policy, snapshot, decided, sql=sql, to=place.features)
    given = pq.read_schema(place.features).names
    check_inputs(place.artifact, given, model=policy.model, version=version)
    beside = replace(host, hidden=[decided.path, *host.hidden])
    confined = score(place, limits or Limits(), beside, rule.confinement)
    scores = read_scores(place.scores, population.num_rows, rule.score_range)
    selection = select(rule.selects, scores, population)
    path = _written(folder / FILE, population, version, scores, selection)
    log.info(
        "%s version %s selects %.0f %%", policy.model, version, 100 * selection.selected.mean()
    )
    tied, rows, least = selection.tied, population.num_rows, policy.min_group_size
    scoring = Scoring(
        artifact_digest=digest,
        against=decided.model_version,
        confinement=confined.held,
        missing_confinement=confined.missing,
        cut=selection.cut,
        tied=told(tied, rows, least=least),
        tied_selected=told(selection.tied_selected, tied, rows, least=least),
    )
    changes = {"model_version": version, "path": path, "digest": sha256_of(path)}
    return decided.model_copy(update=changes | {"scoring": scoring})


def host_of(settings: Settings) -> Host:
    """What is confidential in files of an installation, and where its groups may be made.

    No artifact may be able to read the files. One evidence file stands for all: who can read one
    of the folder can read the others.
    """
    keys = (settings.signing_key, settings.subject_key, settings.webhook_secret)
    evidence = islice(settings.evidence.glob("*.json"), 1)
    hidden = (*(each for each in keys if each), settings.state / "ledger.db", *evidence)
    return Host(hidden, settings.scoring_cgroups)


def rule_of(policy: AuditPolicy) -> Candidate:
    """What the policy says of candidates.

    Raises:
        ScoringError: when it says nothing.
    """
    if policy.candidate is None:
        raise ScoringError(
            f"expectations/{policy.model}/policy.yaml: candidate: is missing, so nobody knows"
            " whom a candidate would select (add candidate: {selects: {top_share: 2/5}}, or"
            " score_at_least)"
        )
    return policy.candidate


def _check_can_be_simulated(
    policy: AuditPolicy, decided: Population, population: pa.Table
) -> None:
    found = [name for name in _NOT_SIMULATED if name in population.column_names]
    if found:
        raise ScoringError(
            f"a candidate of {policy.model} cannot be simulated: its decisions have a"
            f" {found[0]}, and a score alone does not give one (audit its logged decisions)"
        )
    if not population.num_rows:
        raise ScoringError(
            f"version {decided.model_version} of {policy.model} has no decision in the window,"
            " so there is nobody to score (check window_days and maturity_days)"
        )


def _written(
    path: Path, population: pa.Table, version: str, scores: Floats, selection: Selection
) -> Path:
    """The population with the candidate's own columns in place of the old ones."""
    own = {
        "model_version": pa.array([version] * len(scores), pa.string()),
        "score": pa.array(scores, pa.float64()),
        "selected": pa.array(selection.selected),
    }
    for name, column in own.items():
        place = population.schema.get_field_index(name)
        population = population.set_column(place, name, column)
    with written_whole(path) as temporary:
        pq.write_table(population, temporary, compression="zstd")
    return path
