"""The content of a version, read without MLflow's client, which takes seconds of CPU to load.

Read so are the registries there mostly are: a server that keeps the artifacts itself, and a
database of this MLflow's layout or a server with the files on this machine. All else is MLflow's
client's to read, and so is whatever goes wrong: what it then says is what is said.
"""

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from fairness_audit.errors import RegistryError
from fairness_audit.registry.artifact import folder_digest
from fairness_audit.registry.mlflow import QUIET, MlflowRegistry

_OBEYED = {
    "MLFLOW_TRACKING_USERNAME",
    "MLFLOW_TRACKING_PASSWORD",
    "MLFLOW_TRACKING_TOKEN",
    "MLFLOW_TRACKING_INSECURE_TLS",
    "MLFLOW_TRACKING_SERVER_CERT_PATH",
}
_WITHOUT_EFFECT = {
    "MLFLOW_TRACKING_URI",
    "MLFLOW_REGISTRY_URI",
    "MLFLOW_EXPERIMENT_ID",
    "MLFLOW_EXPERIMENT_NAME",
    "MLFLOW_RUN_ID",
    "MLFLOW_S3_ENDPOINT_URL",
    *QUIET,
}
"""On what is read. Any other setting of MLflow's, today's or to come, is left to its client."""


class DirectRegistry(MlflowRegistry):
    """A registry at an MLflow address, asked without MLflow's client for what can be."""

    def artifact_digest(self, model: str, version: str) -> str:
        """SHA-256 over path and SHA-256 of every file of the version, in order of the paths.

        Raises:
            RegistryError: when the registry does not answer, has no such version, or the version
                has no files.
        """
        digest = read_directly(self._address, model, version)
        return super().artifact_digest(model, version) if digest is None else digest


def read_directly(address: str, model: str, version: str) -> str | None:
    """The digest that MLflow's client would find; None where that has to be asked."""
    if not (version.isascii() and version.isdigit() and _is_usual()):
        return None
    with suppress(RegistryError, OSError):
        if address.startswith(("http://", "https://")):
            return _of_server(address, model, version)
        if address.startswith(("sqlite:", "postgresql:", "postgresql+psycopg:")):
            from fairness_audit.registry.tables import location_of

            return folder_digest(_here(location_of(address, model, int(version))))
    return None


def _of_server(address: str, model: str, version: str) -> str:
    from fairness_audit.registry.served import fetch, location_of, server_at

    with server_at(address) as server:
        location = location_of(server, model, version)
        if not location.startswith("mlflow-artifacts:"):
            return folder_digest(_here(location))
        with tempfile.TemporaryDirectory(prefix="fairness-audit-") as folder:
            fetch(server, location, Path(folder))
            return folder_digest(Path(folder))


def _here(location: str) -> Path:
    """The folder behind an address of files on this machine, as MLflow understands it."""
    parts = urlsplit(location)
    if parts.scheme not in ("", "file") or parts.netloc or not parts.path.startswith("/"):
        raise RegistryError(f"{location}: is not on this machine")
    path = url2pathname(parts.path)
    if any(sign in location for sign in "?#;") or "\0" in path:
        raise RegistryError(f"{location}: is no plain path")
    return Path(path)


def _is_usual() -> bool:
    """True if nothing but the settings that are obeyed here says how the registry is asked."""
    settings = {name for name in os.environ if name.startswith("MLFLOW_")}
    with suppress(RuntimeError):  # who has no home has no such file
        if Path("~/.mlflow/credentials").expanduser().exists():
            return False
    return settings <= _OBEYED | _WITHOUT_EFFECT
