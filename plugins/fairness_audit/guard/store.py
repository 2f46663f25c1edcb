"""MLflow's own SQL store, with the gate before everything that promotes.

A method that is not overridden here neither promotes nor renames nor tags; a test compares the
list of writers with MLflow's, so that a new one in a new MLflow does not come in unseen.
"""

import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import Any

from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import PERMISSION_DENIED
from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore
from mlflow.store.model_registry.sqlalchemy_workspace_store import WorkspaceAwareSqlAlchemyStore
from mlflow.utils.validation import _validate_model_version

from fairness_audit.errors import AuditError, RegistryError, SettingsError
from fairness_audit.guard import SCHEME, guard
from fairness_audit.guard.contents import digest_at
from fairness_audit.guard.promoted_names import is_stage_production
from fairness_audit.installation import Installation
from fairness_audit.ledger.witness import rewritable
from fairness_audit.registry.training import TAG

log = logging.getLogger(__name__)


class GuardedWrites(SqlAlchemyStore):
    """What of MLflow's store asks first, or is refused."""

    def set_registered_model_alias(self, name: str, alias: str, version: Any) -> None:
        """Set an alias; a guarded one only if the gate allows this very content."""
        with self._promotion(name, version, alias):
            super().set_registered_model_alias(name, alias, version)

    def transition_model_version_stage(
        self, name: str, version: Any, stage: str, archive_existing_versions: bool
    ) -> Any:
        """Move a version to a stage; to Production only if the gate allows it."""
        guard_it = self._promotion(name, version) if is_stage_production(stage) else nullcontext()
        with guard_it:
            return super().transition_model_version_stage(
                name, version, stage, archive_existing_versions
            )

    def rename_registered_model(self, name: str, new_name: str) -> Any:
        """Rename a model that no policy audits, and none of which is in production."""
        with _refusals():
            guard.check_rename(name, new_name, lambda: self._names_of(name))
        return super().rename_registered_model(name, new_name)

    def create_registered_model(
        self, name: str, tags: Any = None, description: Any = None, deployment_job_id: Any = None
    ) -> Any:
        """Create a model, without tags that look like ours."""
        _check_tags(tags)
        return super().create_registered_model(name, tags, description, deployment_job_id)

    def create_model_version(self, name: str, source: str, *given: Any, **named: Any) -> Any:
        """Create a version, without tags that look like ours; it may say when it was trained."""
        tags = named.get("tags") or (given[1] if len(given) > 1 else None) or ()
        _check_tags(tag for tag in tags if tag.key != TAG)
        for tag in tags:
            if tag.key == TAG:
                with _refusals():
                    guard.check_training(name, "(new)", tag.value, None)
        return super().create_model_version(name, source, *given, **named)

    def set_registered_model_tag(self, name: str, tag: Any) -> None:
        """Set a tag that does not look like ours."""
        _check_tags([tag])
        super().set_registered_model_tag(name, tag)

    def delete_registered_model_tag(self, name: str, key: str) -> None:
        """Delete a tag that does not look like ours."""
        _check_key(key)
        super().delete_registered_model_tag(name, key)

    def set_model_version_tag(self, name: str, version: Any, tag: Any) -> None:
        """Set a tag that does not look like ours, or once when the version was trained."""
        if tag.key == TAG:
            before = self.get_model_version(name, version).tags.get(TAG)
            with _refusals():
                guard.check_training(name, str(version), tag.value, before)
        else:
            _check_tags([tag])
        super().set_model_version_tag(name, version, tag)

    def delete_model_version_tag(self, name: str, version: Any, key: str) -> None:
        """Delete a tag that does not look like ours."""
        _check_key(key)
        super().delete_model_version_tag(name, version, key)

    @contextmanager
    def _promotion(self, name: str, version: Any, alias: str | None = None) -> Iterator[None]:
        read_from = []

        def digest() -> str:
            read_from.append(self._place(name, version))
            return digest_at(read_from[0])

        number = str(_validate_model_version(version))
        promotion = guard.Promotion(name, number, digest, alias)
        moved = False
        with _refusals():
            try:
                with guard.promoting(promotion):
                    yield
                    moved = True
                if read_from and self._place(name, version) != read_from[0]:
                    raise promotion.refused("the version was made anew meanwhile")
            except guard.Refused:
                if moved:
                    self._take_back(name, version, alias)
                raise

    def _place(self, name: str, version: Any) -> str:
        """Where the content of a version is."""
        try:
            return str(self.get_model_version_download_uri(name, version))
        except MlflowException as error:
            raise RegistryError(f"{name} version {version}: {error}") from error

    def _take_back(self, name: str, version: Any, alias: str | None) -> None:
        if alias is None:
            super().transition_model_version_stage(name, version, "Archived", False)
        else:
            self.delete_registered_model_alias(name, alias)

    def _names_of(self, name: str) -> list[str]:
        """The aliases of a model, and its stage as if it were one."""
        staged = self.get_latest_versions(name, ["Production"])
        return [*self.get_registered_model(name).aliases, *(each.current_stage for each in staged)]


class GuardedStore(GuardedWrites):
    """The store of a server without workspaces."""


class GuardedWorkspaceStore(GuardedWrites, WorkspaceAwareSqlAlchemyStore):
    """The store of a server with workspaces."""


def store_at(address: str) -> GuardedWrites:
    """The guarded store of a database.

    Raises:
        SettingsError: when the address does not begin with our scheme.
    """
    from mlflow.environment_variables import MLFLOW_ENABLE_WORKSPACES
    from mlflow.server.constants import READ_REPLICA_BACKEND_STORE_URI_ENV_VAR

    if not address.startswith(SCHEME):
        raise SettingsError(f"the address of a guarded registry begins with {SCHEME}")
    _warn_if_rewritable()
    store = GuardedWorkspaceStore if MLFLOW_ENABLE_WORKSPACES.get() else GuardedStore
    replica = os.environ.get(READ_REPLICA_BACKEND_STORE_URI_ENV_VAR)
    return store(address.removeprefix(SCHEME), read_db_uri=replica)


def _warn_if_rewritable() -> None:
    """Say in the server's log, at its start, if an older copy of the ledger might pass for it."""
    with suppress(AuditError), Installation.from_environment() as installation:
        if warning := rewritable(installation.ledger):
            log.warning("%s", warning)


def _check_tags(tags: Iterable[Any] | None) -> None:
    for tag in tags or ():
        _check_key(tag.key)


def _check_key(key: str) -> None:
    with _refusals():
        guard.check_tag(key)


@contextmanager
def _refusals() -> Iterator[None]:
    """A refusal as MLflow tells it: HTTP 403, with the reason."""
    try:
        yield
    except guard.Refused as refused:
        raise MlflowException(str(refused), error_code=PERMISSION_DENIED) from refused
