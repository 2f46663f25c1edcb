"""The steps of an audit as Airflow tasks.

Each task opens what its step needs, calls the step, and passes on what the step gives: a small
JSON object, while rows stay in the run's own folder. Heavy libraries are imported when a task
runs, never when a DAG file is parsed.
"""

import functools
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ParamSpec, TypeVar
from urllib.parse import quote, urlencode

from airflow.sdk import Connection, TriggerRule, get_current_context, task
from airflow.sdk.exceptions import (
    AirflowFailException,
    AirflowNotFoundException,
    AirflowRuntimeError,
)

from fairness_audit.errors import AuditError, LedgerError, RegistryError, SourceError
from fairness_audit.policy.load import FILE_NAME, LoadedPolicy, load_policy
from fairness_audit.settings import Settings

log = logging.getLogger(__name__)

Given = ParamSpec("Given")
Result = TypeVar("Result")
Json = dict[str, Any]

_WORTH_A_RETRY = (SourceError, LedgerError, RegistryError)


@dataclass(frozen=True)
class Run:
    """One run of one audit: its policy, its folder, and the moment it is about."""

    loaded: LoadedPolicy
    settings: Settings
    folder: Path
    as_of: datetime
    model_version: str | None

    @classmethod
    def current(cls, model: str) -> "Run":
        """The run that the calling task belongs to."""
        context = get_current_context()
        dag_run, params = context["dag_run"], context["params"]
        settings = Settings.from_environment()
        # A run triggered by an asset has no logical date.
        moment = params.get("as_of") or dag_run.logical_date or dag_run.run_after
        as_of = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
        return cls(
            loaded=load_policy(settings.expectations / model / FILE_NAME),
            settings=settings,
            folder=settings.run_folder(model, dag_run.run_id),
            as_of=as_of if as_of.tzinfo else as_of.replace(tzinfo=UTC),
            model_version=params.get("model_version"),
        )


def _reported(step: Callable[Given, Result]) -> Callable[Given, Result]:
    """Fail at once, with the message alone, on an error that no retry can cure."""

    @functools.wraps(step)
    def run(*args: Given.args, **kwargs: Given.kwargs) -> Result:
        try:
            return step(*args, **kwargs)
        except _WORTH_A_RETRY:
            raise
        except AuditError as error:
            raise AirflowFailException(f"{type(error).__name__}: {error}") from error

    return run


@task
@_reported
def extract(model: str) -> Json:
    """Copy the CRM objects the policy names into Parquet, as of one moment.

    **If it fails:** the message names the connection, the object or the column. Nothing of the
    snapshot is visible until all of it is; clear the task to run it again.
    """
    from fairness_audit.extract import extract as step

    run = Run.current(model)
    snapshot = step(
        run.loaded,
        logical_date=run.as_of,
        source=_source(run.loaded),
        folder=run.folder / "snapshot",
    )
    return snapshot.model_dump(mode="json")


@task
@_reported
def assemble(model: str, snapshot: Json) -> Json:
    """Make one row per decision, and account for every row that did not get in.

    **If it fails:** the message names the SQL file under `sql/staging/` or `sql/population/` and
    what is wrong with what it gives.
    """
    from fairness_audit.assemble import assemble as step
    from fairness_audit.keys import load_subject_key
    from fairness_audit.records.snapshot import Snapshot
    from fairness_audit.registry.mlflow import MlflowRegistry

    run = Run.current(model)
    policy, settings = run.loaded.policy, run.settings
    taken = Snapshot.model_validate(snapshot)
    _same_policy(run.loaded, taken)
    deployed = None
    if run.model_version is None:
        registry = MlflowRegistry(settings.registry_url)
        deployed = registry.alias_target(policy.gate.registered_model, policy.gate.alias)
    population = step(
        policy,
        taken,
        sql=settings.sql,
        folder=run.folder,
        subject_key=load_subject_key(settings.subject_key),
        model_version=run.model_version,
        deployed_version=deployed,
    )
    return population.model_dump(mode="json")


@task
@_reported
def validate(model: str, population: Json) -> Json:
    """Run the Great Expectations suites of the model and rebuild its Data Docs.

    A check that does not pass is a finding, not an error: the task still succeeds.

    **If it fails:** a suite could not be run at all; the message names its file.
    """
    from fairness_audit.records.population import Population
    from fairness_audit.validate import validate as step

    run = Run.current(model)
    report = step(
        run.loaded.policy,
        Population.model_validate(population),
        suites=run.settings.expectations / model,
        sql=run.settings.sql,
        docs=run.settings.data_docs,
    )
    return report.model_dump(mode="json")


@task
@_reported
def measure(model: str, population: Json) -> Json:
    """Count outcomes per group in one scan and compute every metric from the counts.

    **If it fails:** Fairlearn, asked for the same figures, disagrees; the message names which.
    """
    from fairness_audit.measure import measure as step
    from fairness_audit.records.population import Population

    run = Run.current(model)
    measured = step(
        run.loaded.policy,
        Population.model_validate(population),
        sql=run.settings.sql,
        folder=run.folder,
    )
    return measured.model_dump(mode="json")


@task
@_reported
def judge(model: str, population: Json, measurements: Json, validation: Json) -> Json:
    """Hold measurements and checks against the policy: findings, and a verdict over them."""
    from fairness_audit.judge import judge as step
    from fairness_audit.measure import read_measurements
    from fairness_audit.records.measurement import MeasurementFile
    from fairness_audit.records.population import Population
    from fairness_audit.records.validation import ValidationReport

    run = Run.current(model)
    totals = MeasurementFile.model_validate(measurements)
    judgement = step(
        run.loaded.policy,
        population=Population.model_validate(population),
        totals=totals,
        measurements=read_measurements(totals),
        validation=ValidationReport.model_validate(validation),
    )
    return judgement.model_dump(mode="json")


@task(trigger_rule=TriggerRule.ALL_DONE)
@_reported
def publish(
    model: str,
    snapshot: Json | None,
    population: Json | None,
    validation: Json | None,
    measurements: Json | None,
    judgement: Json | None,
) -> Json:
    """Sign the audit's record and append it to the ledger, whatever the verdict.

    **If it fails:** an earlier step ended without a result (there is no record then, and nothing
    can be promoted), or the ledger cannot be reached.
    """
    from fairness_audit.keys import load_signer
    from fairness_audit.ledger import Ledger
    from fairness_audit.publish import publish as step
    from fairness_audit.records.finding import Judgement
    from fairness_audit.records.measurement import MeasurementFile
    from fairness_audit.records.population import Population
    from fairness_audit.records.snapshot import Snapshot
    from fairness_audit.records.validation import ValidationReport
    from fairness_audit.registry.mlflow import MlflowRegistry

    given = {
        "extract": snapshot,
        "assemble": population,
        "validate": validation,
        "measure": measurements,
        "judge": judgement,
    }
    unfinished = [name for name, door in given.items() if door is None]
    if unfinished:
        raise AirflowFailException(f"no record: {', '.join(unfinished)} did not finish")
    run = Run.current(model)
    taken, audited = Snapshot.model_validate(snapshot), Population.model_validate(population)
    _same_policy(run.loaded, taken)
    registry = MlflowRegistry(run.settings.registry_url)
    record = step(
        run.loaded,
        snapshot=taken,
        population=audited,
        measurements=MeasurementFile.model_validate(measurements),
        validation=ValidationReport.model_validate(validation),
        judgement=Judgement.model_validate(judgement),
        artifact_digest=registry.artifact_digest(
            run.loaded.policy.gate.registered_model, audited.model_version
        ),
        ledger=Ledger(run.settings.ledger_url),
        signer=load_signer(run.settings.signing_key),
        records=run.settings.records,
        now=datetime.now(UTC),
    )
    return record.model_dump(mode="json")


@task
@_reported
def gate(model: str, population: Json, record: Json) -> Json:
    """Promote the audited version if its newest record allows it; otherwise end the run failed.

    **If it fails:** the reasons are in the last line of the log. Mend the model or the data and
    audit again; the alias stays where it was.
    """
    from fairness_audit.files import write_bytes
    from fairness_audit.gate import apply, ask
    from fairness_audit.ledger import Ledger
    from fairness_audit.registry.mlflow import MlflowRegistry

    run = Run.current(model)
    settings = run.settings
    registry = MlflowRegistry(settings.registry_url)
    decision = ask(
        run.loaded,
        model_version=population["model_version"],
        ledger=Ledger(settings.ledger_url),
        registry=registry,
        trusted_keys=settings.trusted_keys,
        now=datetime.now(UTC),
    )
    write_bytes(run.folder / "decision.json", decision.model_dump_json(indent=2).encode())
    apply(decision, run.loaded.policy, registry)
    if decision.decision != "allow":
        raise AirflowFailException("blocked: " + "; ".join(decision.reasons))
    return decision.model_dump(mode="json")


@task
def refuse(faults: str) -> None:
    """Fail with the faults of a policy that cannot be read, until they are mended."""
    raise AirflowFailException(f"the policy is not valid, nothing was audited:\n{faults}")


def _source(loaded: LoadedPolicy) -> Any:
    """The source behind the policy's Airflow connection; the connection's type picks it."""
    from fairness_audit.sources.postgres import PostgresSource

    wanted = loaded.policy.source.connection
    place = f"{loaded.file}:{loaded.line_of('source', 'connection')}: source.connection"
    try:
        connection = Connection.get(wanted)
    except (AirflowNotFoundException, AirflowRuntimeError) as error:
        raise SourceError(
            f"{place}: Airflow has no connection {wanted!r}; add it with type postgres"
        ) from error
    if connection.conn_type not in ("postgres", "postgresql"):
        raise SourceError(
            f"{place}: the connection {wanted!r} has type {connection.conn_type!r};"
            " only postgres can be read"
        )
    return PostgresSource(libpq_address(connection))


def libpq_address(connection: Connection) -> str:
    """An Airflow connection as the address PostgreSQL's own client library reads.

    What the connection's extra holds, such as ``sslmode``, becomes a parameter of the address.
    """
    login = quote(connection.login or "", safe="")
    if connection.password:
        login += ":" + quote(connection.password, safe="")
    options = {key: str(value) for key, value in connection.extra_dejson.items()}
    host = connection.host or ""
    if host.startswith("/"):  # the folder of a Unix socket
        options["host"], host = host, ""
    if connection.port:
        host += f":{connection.port}"
    database = quote(connection.schema or "", safe="")
    return f"postgresql://{login}{'@' if login else ''}{host}/{database}?{urlencode(options)}"


def _same_policy(loaded: LoadedPolicy, snapshot: Any) -> None:
    if loaded.digest != snapshot.policy_digest:
        raise AirflowFailException(
            f"{loaded.file} changed while the audit ran; start a new run with the new policy"
        )
