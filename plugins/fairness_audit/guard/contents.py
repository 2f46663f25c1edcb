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
from fairness_audit.registry.artifact import folder_digest, lasting_location


def digest_at(location: str) -> str:
    """SHA-256 over the content at an address of artifacts.

    Raises:
        RegistryError: when it cannot be read, is empty, or is an address that leads to others.
    """
    from mlflow.exceptions import MlflowException
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
    from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository

    try:
        repository: Any = get_artifact_repository(_at_destination(lasting_location(location)))
        if isinstance(repository, LocalArtifactRepository):
            return folder_digest(Path(repository.artifact_dir))
        with tempfile.TemporaryDirectory(prefix="fairness-audit-") as folder:
            repository.download_artifacts("", folder)
            return folder_digest(Path(folder))
    except (MlflowException, OSError) as error:
        raise RegistryError(f"{location}: cannot be read: {error}") from error


def _at_destination(location: str) -> str:
    """Where the server keeps what is at its own address; of any other address that itself."""
    from mlflow.server.constants import ARTIFACTS_DESTINATION_ENV_VAR
    from mlflow.utils.uri import append_to_uri_path, validate_path_is_safe

    if urlsplit(location).scheme != "mlflow-artifacts":
        return location
    destination = os.environ.get(ARTIFACTS_DESTINATION_ENV_VAR)
    if not destination:  # a client: the artifacts are at the server it talks to
        return location
    inside = urlsplit(location).path.lstrip("/")
    return str(append_to_uri_path(destination, validate_path_is_safe(inside)))
