"""What an Airflow task knows of the run it belongs to, and how it reports what went wrong."""

import functools
import getpass
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from airflow.sdk import Asset, AssetAlias, Connection, get_current_context
from airflow.sdk.exceptions import (
    AirflowFailException,
    AirflowNotFoundException,
    AirflowRescheduleException,
    AirflowRuntimeError,
)

from fairness_audit.errors import AuditError, LedgerError, RegistryError, SourceError
from fairness_audit.installation import Installation
from fairness_audit.policy.load import LoadedPolicy, kept_policy
from fairness_audit.policy.method import home_of
from fairness_audit.records.signed.audit import GateDecision, Rollback
from fairness_audit.records.snapshot import Snapshot
from fairness_audit.settings import Settings
from fairness_audit.sources import RateLimited, TableError

if TYPE_CHECKING:
    from fairness_audit.sources import Source

log = logging.getLogger(__name__)

Given = ParamSpec("Given")
Result = TypeVar("Result")

PROMOTIONS = AssetAlias("promotions")
"""What a gate that is about any model names as its outlet: `promotion_of` the one it allows."""

_WORTH_A_RETRY = (SourceError, LedgerError, RegistryError)


@dataclass(frozen=True)
class Run:
    """One run of one audit: its policy, its folder, and the moment it is about."""

    loaded: LoadedPolicy
    installation: Installation
    folder: Path
    as_of: datetime
    model_version: str | None
    promotes: bool = True
    is_backfill: bool = False
    rollback: Rollback | None = None

    @classmethod
    def current(cls, model: str) -> "Run":
        """The run that the calling task belongs to."""
        context = get_current_context()
        dag_run, params = context["dag_run"], context["params"]
        installation = Installation.from_environment()
        # A run triggered by an asset has no logical date.
        moment = params.get("as_of") or dag_run.logical_date or dag_run.run_after
        as_of = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
        return cls(
            loaded=installation.policy(model),
            installation=installation,
            folder=installation.settings.run_folder(model, dag_run.run_id),
            as_of=as_of if as_of.tzinfo else as_of.replace(tzinfo=UTC),
            model_version=params.get("model_version"),
            promotes=params.get("promote", True),
            is_backfill=dag_run.run_type == "backfill",
            rollback=_rollback(params.get("rollback"), dag_run.triggering_user_name),
        )

    @cached_property
    def method(self) -> LoadedPolicy:
        """The policy that the run began with, and keeps with all that its method is made of.

        A run that keeps none yet, or was begun before runs did, has what is in force.
        """
        return kept_policy(self.folder, self.loaded.policy.model) or self.loaded

    @property
    def sql(self) -> Path:
        """The statements of the run's method."""
        return home_of(self.method.file) / "sql"

    @property
    def suites(self) -> Path:
        """The suites of the run's method."""
        return self.method.file.parent

    @property
    def settings(self) -> Settings:
        """Folders and addresses of the installation."""
        return self.installation.settings


def _rollback(reason: str | None, asked_by: str | None) -> Rollback | None:
    """Who asked for an older version: a login, or this machine's user where there is none."""
    return Rollback(by=asked_by or getpass.getuser(), reason=reason) if reason else None


def reported(step: Callable[Given, Result]) -> Callable[Given, Result]:
    """Fail at once, with the message alone, on an error that no retry can cure."""

    @functools.wraps(step)
    def run(*args: Given.args, **kwargs: Given.kwargs) -> Result:
        try:
            return step(*args, **kwargs)
        except RateLimited as limited:
            # The slot is free while the source rests; what was read is kept.
            log.warning("%s", limited)
            until = datetime.now(UTC) + timedelta(seconds=limited.retry_after)
            raise AirflowRescheduleException(until) from limited  # type: ignore[no-untyped-call]
        except AuditError as error:
            if isinstance(error, _WORTH_A_RETRY) and not isinstance(error, TableError):
                raise
            raise AirflowFailException(f"{type(error).__name__}: {error}") from error

    return run


def promotion_of(model: str) -> Asset:
    """The asset that is updated whenever the gate allows a version of a model.

    A release is a DAG with ``schedule=promotion_of("<model>")``. An `Asset` of that name alone
    would be another one; a run of a DAG that waits for an `Asset.ref` is told of no event.
    """
    return Asset(name=f"{model}_promoted", uri=f"fairness-audit://models/{model}/promoted")


def describe_promotion(decision: GateDecision) -> None:
    """Have the running task's asset event say which files were allowed, and until when.

    A task that fails emits no event, so a blocked version has none.
    """
    asset, context = promotion_of(decision.model), get_current_context()
    told = {"model_version", "artifact_digest", "record_id", "expires"}
    extra = decision.model_dump(mode="json", include=told)
    if asset in context["task"].outlets:
        context["outlet_events"][asset].extra = extra
    elif PROMOTIONS in context["task"].outlets:
        context["outlet_events"][PROMOTIONS].add(asset, extra=extra)


def source_of(loaded: LoadedPolicy, settings: Settings) -> "Source":
    """The source behind the policy's Airflow connection."""
    from fairness_audit.sources.connections import SOURCES, Address, source_at

    wanted = loaded.policy.source.connection
    place = f"{loaded.file}:{loaded.line_of('source', 'connection')}: source.connection"
    try:
        connection = Connection.get(wanted)
    except (AirflowNotFoundException, AirflowRuntimeError) as error:
        raise SourceError(
            f"{place}: Airflow has no connection {wanted!r}, or none that it can read (its port"
            f" may be no number); add it with a type of {', '.join(SOURCES)}"
        ) from error
    try:
        address = Address(
            kind=connection.conn_type,
            host=connection.host,
            port=connection.port,
            login=connection.login,
            password=connection.password,
            schema=connection.schema,
            extra=connection.extra_dejson,
            state=settings.state,
        )
        return source_at(address)
    except SourceError as error:
        raise SourceError(f"{place}: {wanted}: {error}") from error


def check_same_method(loaded: LoadedPolicy, snapshot: Snapshot) -> None:
    """Fail if the method is another one than the audit began with."""
    if loaded.method.digest != snapshot.method_digest:
        raise AirflowFailException(
            f"{loaded.file}, its suites or the statements it names changed while the audit ran;"
            " start a new run"
        )
