"""The MLflow model registry."""

import logging
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from fairness_audit.errors import RegistryError
from fairness_audit.registry.artifact import folder_digest, lasting_location, plain_files
from fairness_audit.registry.names import same_name
from fairness_audit.registry.training import TAG, moment_of_tag

if TYPE_CHECKING:
    from mlflow import MlflowClient

QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",  # the task is retried; by default it is minutes
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "60",
}
"""What MLflow's client is told where the environment does not say."""
DEFAULT_WORKSPACE = "default"
"""The workspace of a server that knows of none."""

_PRODUCTION, _ARCHIVED = "Production", "Archived"


class MlflowRegistry:
    """A registry at an MLflow address; nothing is opened before it is used."""

    def __init__(self, address: str) -> None:
        self._address = address

    def artifact_digest(self, model: str, version: str) -> str:
        """SHA-256 over path and SHA-256 of every file of the version, in order of the paths.

        Only the mark that MLflow leaves beside a model it has loaded is left out, and only while
        it holds nothing but a name and a version.

        Raises:
            RegistryError: when the registry does not answer, has no such version, or the version
                has no files.
        """
        with self._as_registry_error(f"{model} version {version}"):
            location = self._client.get_model_version_download_uri(model, version)
            with self._files(location) as folder:
                if folder.is_dir() and any(folder.iterdir()):
                    return folder_digest(folder)
        raise RegistryError(
            f"{model} version {version} has no files in {self._name}"
            " (log the model again and register it)"
        )

    def copy(self, model: str, version: str, folder: Path) -> str:
        """Copy a version's files into a new folder; the digest is of the copy.

        Raises:
            RegistryError: when the registry does not answer, has no such version, or there is a
                link among the files, or something else that is no file.
        """
        with self._as_registry_error(f"{model} version {version}"):
            location = self._client.get_model_version_download_uri(model, version)
            with self._files(location) as files:
                plain_files(files)
                shutil.copytree(files, folder, symlinks=True)
        return folder_digest(folder)

    def trained_until(self, model: str, version: str) -> datetime | None:
        """Up to when rows trained or chose a version, by its tag; None if it says nothing.

        Raises:
            RegistryError: when the registry does not answer, has no such version, or the tag is
                no moment.
        """
        with self._as_registry_error(f"{model} version {version}"):
            tags = self._client.get_model_version(model, version).tags
        return moment_of_tag(model, version, tags.get(TAG))

    def alias_target(self, model: str, alias: str) -> str | None:
        """The version an alias names; None if there is no such alias or model yet.

        Raises:
            RegistryError: when the registry does not answer.
        """
        from mlflow.exceptions import MlflowException

        with self._as_registry_error(f"alias {alias} of {model}"):
            try:
                aliases = self._client.get_registered_model(model).aliases
            except MlflowException as error:
                if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                    raise
                return None
        target = aliases.get(alias)
        return None if target is None else str(target)

    def promote(self, model: str, version: str, alias: str) -> None:
        """Let the alias name this version.

        Raises:
            RegistryError: when the registry does not do it.
        """
        with self._as_registry_error(f"alias {alias} of {model} version {version}"):
            self._client.set_registered_model_alias(model, alias, version)

    def promoted(self, model: str, *aliases: str) -> tuple[str, ...]:
        """The versions that are in production: by an alias in any spelling, or by stage.

        Raises:
            RegistryError: when the registry does not answer.
        """
        from mlflow.exceptions import MlflowException

        with self._as_registry_error(f"what is promoted of {model}"):
            try:
                named = self._client.get_registered_model(model).aliases
            except MlflowException as error:
                if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                    raise
                return ()
            found = {str(each) for name, each in named.items() if _is_one_of(name, aliases)}
            found |= self._in_production(model)
        return tuple(sorted(found))

    def demote(self, model: str, version: str, *aliases: str) -> None:
        """Take every spelling of the aliases off this version, and archive it if it is staged.

        Raises:
            RegistryError: when the registry does not do it.
        """
        with self._as_registry_error(f"{model} version {version}"):
            for name, target in self._client.get_registered_model(model).aliases.items():
                if _is_one_of(name, aliases) and str(target) == version:
                    self._client.delete_registered_model_alias(model, name)
            if version in self._in_production(model):
                with warnings.catch_warnings():  # stages are deprecated, and still there
                    warnings.simplefilter("ignore", FutureWarning)
                    self._client.transition_model_version_stage(model, version, _ARCHIVED)

    def _in_production(self, model: str) -> set[str]:
        quoted = model.replace("'", "\\'")
        versions = self._client.search_model_versions(f"name = '{quoted}'")
        return {str(each.version) for each in versions if each.current_stage == _PRODUCTION}

    @cached_property
    def _client(self) -> "MlflowClient":
        for name, value in QUIET.items():
            os.environ.setdefault(name, value)
        with warnings.catch_warnings():
            # Said once by MLflow's own tables, which are older than this SQLAlchemy.
            warnings.filterwarnings("ignore", message="The ``noload`` loader strategy")
            from mlflow import MlflowClient

            logging.getLogger("mlflow").setLevel(logging.WARNING)
            return MlflowClient(tracking_uri=self._address, registry_uri=self._address)

    @contextmanager
    def _files(self, location: str) -> Iterator[Path]:
        """The version's files in a folder: where they are, if that is on this machine."""
        from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
        from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository

        repository: Any = get_artifact_repository(
            lasting_location(location), tracking_uri=self._address, registry_uri=self._address
        )
        if isinstance(repository, LocalArtifactRepository):
            yield Path(repository.artifact_dir)
            return
        with tempfile.TemporaryDirectory(prefix="fairness-audit-") as folder:
            repository.download_artifacts("", folder)
            yield Path(folder)

    @contextmanager
    def _as_registry_error(self, what: str) -> Iterator[None]:
        from mlflow.exceptions import MlflowException
        from sqlalchemy.exc import SQLAlchemyError

        try:
            yield
        except (MlflowException, SQLAlchemyError, OSError) as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            password = _password(self._address)
            if password:
                reason = reason.replace(password, "***")
            raise RegistryError(
                f"{what}: the model registry {self._name} says: {reason}"
                " (check that it is up, FAIRNESS_AUDIT_REGISTRY, and the name and version)"
            ) from error

    @property
    def _name(self) -> str:
        """The address without login and options."""
        parts = urlsplit(self._address)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()


def workspace() -> str:
    """The workspace of the registry that MLflow's client asks, by its own variable."""
    return os.environ.get("MLFLOW_WORKSPACE", "").strip() or DEFAULT_WORKSPACE


def _is_one_of(name: str, aliases: Iterable[str]) -> bool:
    return any(same_name(name, each) for each in aliases)


def _password(address: str) -> str | None:
    return urlsplit(address).password
