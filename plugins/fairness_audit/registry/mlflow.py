"""The MLflow model registry."""

import logging
import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import yaml

from fairness_audit.canonical import digest_of
from fairness_audit.errors import RegistryError
from fairness_audit.files import sha256_of

if TYPE_CHECKING:
    from mlflow import MlflowClient

_QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",  # the task is retried; by default it is minutes
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "60",
}
_LOAD_MARK = "registered_model_meta"
_LOAD_MARK_KEYS = {"model_name", "model_version"}
_LOAD_MARK_BYTES = 4096


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
        with self._told(f"{model} version {version}"):
            location = self._client.get_model_version_download_uri(model, version)
            with self._files(location) as folder:
                files = sorted(path for path in folder.rglob("*") if not path.is_dir())
                content = [
                    {"path": path.relative_to(folder).as_posix(), "sha256": sha256_of(path)}
                    for path in files
                    if not _is_load_mark(path, folder)
                ]
        if not content:
            raise RegistryError(
                f"{model} version {version} has no files in {self._name}"
                " (log the model again and register it)"
            )
        return digest_of(content)

    def alias_target(self, model: str, alias: str) -> str | None:
        """The version an alias names; None if there is no such alias or model yet.

        Raises:
            RegistryError: when the registry does not answer.
        """
        from mlflow.exceptions import MlflowException

        with self._told(f"alias {alias} of {model}"):
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
        with self._told(f"alias {alias} of {model} version {version}"):
            self._client.set_registered_model_alias(model, alias, version)

    @cached_property
    def _client(self) -> "MlflowClient":
        for name, value in _QUIET.items():
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
            location, tracking_uri=self._address, registry_uri=self._address
        )
        if isinstance(repository, LocalArtifactRepository):
            yield Path(repository.artifact_dir)
            return
        with tempfile.TemporaryDirectory(prefix="fairness-audit-") as folder:
            repository.download_artifacts("", folder)
            yield Path(folder)

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
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


def _password(address: str) -> str | None:
    return urlsplit(address).password


def _is_load_mark(path: Path, folder: Path) -> bool:
    if path != folder / _LOAD_MARK or path.stat().st_size > _LOAD_MARK_BYTES:
        return False
    try:
        content = yaml.safe_load(path.read_bytes())
    except (yaml.YAMLError, UnicodeDecodeError):
        return False
    return (
        isinstance(content, dict)
        and set(content) == _LOAD_MARK_KEYS
        and all(isinstance(value, str | int) for value in content.values())
    )
