"""The content of a version, read where it lies.

Inside the server an address such as ``mlflow-artifacts:/1/models/m-2`` means the server itself.
Asking it over HTTP could wait for the very worker that is asking, so the artifacts are read from
where the server keeps them.
"""

import os
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fairness_audit.errors import RegistryError
from fairness_audit.registry.artifact import folder_digest


def digest_at(location: str) -> str:
    """SHA-256 over the content at an address of artifacts.

    Raises:
        RegistryError: when it cannot be read or is empty.
    """
    from mlflow.exceptions import MlflowException
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
    from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository

    try:
        repository: Any = get_artifact_repository(_resolved(location))
        if isinstance(repository, LocalArtifactRepository):
            return folder_digest(Path(repository.artifact_dir))
        with tempfile.TemporaryDirectory(prefix="fairness-audit-") as folder:
            repository.download_artifacts("", folder)
            return folder_digest(Path(folder))
    except (MlflowException, OSError) as error:
        raise RegistryError(f"{location}: cannot be read: {error}") from error


def _resolved(location: str) -> str:
    """The address behind the addresses that only lead to another one."""
    for _ in range(4):
        parts = urlsplit(location)
        if parts.scheme == "mlflow-artifacts":
            return _at_destination(location)
        if parts.scheme == "runs":
            location = _of_run(location)
        elif parts.scheme == "models":
            location = _of_model(location)
        else:
            return location
    raise RegistryError(f"{location}: leads from address to address (register its files)")


def _at_destination(location: str) -> str:
    from mlflow.server.constants import ARTIFACTS_DESTINATION_ENV_VAR
    from mlflow.utils.uri import append_to_uri_path, validate_path_is_safe

    destination = os.environ.get(ARTIFACTS_DESTINATION_ENV_VAR)
    if not destination:  # a client: the artifacts are at the server it talks to
        return location
    inside = urlsplit(location).path.lstrip("/")
    return str(append_to_uri_path(destination, validate_path_is_safe(inside)))


def _of_run(location: str) -> str:
    from mlflow.store.artifact.runs_artifact_repo import RunsArtifactRepository
    from mlflow.utils.uri import append_to_uri_path

    run, path = RunsArtifactRepository.parse_runs_uri(location)
    root = _tracking_store().get_run(run).info.artifact_uri
    return str(append_to_uri_path(root, path) if path else root)


def _of_model(location: str) -> str:
    from mlflow.store.artifact.utils.models import _parse_model_uri

    model = _parse_model_uri(location).model_id
    if model is None:
        raise RegistryError(f"{location}: names a version by another one (register its files)")
    return str(_tracking_store().get_logged_model(model).artifact_location)


def _tracking_store() -> Any:
    """The server's own store; of a client, that of its tracking address."""
    from mlflow.server.constants import ARTIFACTS_DESTINATION_ENV_VAR

    if ARTIFACTS_DESTINATION_ENV_VAR in os.environ:
        from mlflow.server.handlers import _get_tracking_store

        return _get_tracking_store()
    from mlflow.tracking._tracking_service.utils import _get_store

    return _get_store()
