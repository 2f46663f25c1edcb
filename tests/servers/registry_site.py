"""A running MLflow server with audited models, as a data scientist (or somebody else) meets it."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from fairness_audit.files import write_bytes
from fairness_audit.guard import SCHEME
from fairness_audit.guard.promoted_names import looks_like
from fairness_audit.ledger.keys import public_pem
from fairness_audit.ledger.ledger import Ledger
from fairness_audit.records.signed.audit import AuditRecord
from fairness_audit.records.signed.dsse import unverified_record
from fairness_audit.records.signed.place import place_of
from fairness_audit.registry.artifact import folder_digest
from fairness_audit.registry.mlflow import MlflowRegistry
from fairness_audit.steps.publish import publish_review
from tests.builders.published import (
    LOGICAL_DATE,
    MODEL,
    SIGNER,
    TRUSTED,
    a_ledger,
    a_loaded_policy,
    a_record,
    a_review,
    appended,
)

ALIAS = "champion"
NOW = datetime.now(UTC)
_STARTS_WITHIN = 90.0


class Site:
    """One server, its client, and the installation that guards it (or does not)."""

    def __init__(self, folder: Path, address: str, *, guarded: bool) -> None:
        self.folder = folder
        self.address = address
        self.guarded = guarded
        self.loaded = a_loaded_policy(folder)
        self.registry = MlflowRegistry(address)
        self.client = self.registry._client
        self.experiment = self.client.create_experiment("candidates")
        self.http = httpx.Client(base_url=address, timeout=30, follow_redirects=True)
        self.client.create_registered_model(MODEL)
        self._made = 0
        appended(self.ledger, model="offer_targeting")  # somebody has published before

    @property
    def environment(self) -> dict[str, str]:
        """The installation's settings."""
        return settings_of(self.folder)

    @property
    def ledger(self) -> Ledger:
        """The ledger that the server asks."""
        return a_ledger(self.folder)

    def version(self, model: str = MODEL, files: Mapping[str, bytes] | None = None) -> str:
        """Log and register another model; no two have the same files."""
        self._made += 1
        source = self.folder / "made" / str(self._made)
        made = f"flavors: {{}}\nmade: {self._made}\n".encode()
        for name, content in {"MLmodel": made, **(files or {})}.items():
            write_bytes(source / name, content)
        logged = self.client.create_logged_model(self.experiment, name="model")
        self.client.log_model_artifacts(logged.model_id, str(source))
        made = self.client.create_model_version(
            model, logged.artifact_location, model_id=logged.model_id
        )
        return str(made.version)

    def version_of_run(self, folder: str = "data", overlay: bytes | None = None) -> str:
        """A version whose source is its run; ``overlay`` is logged there as a model too."""
        run = self.client.create_run(self.experiment).info
        self.client.log_dict(run.run_id, {"flavors": {}, "made": run.run_id}, f"{folder}/MLmodel")
        if overlay is not None:
            laid = self.folder / "made" / run.run_id
            write_bytes(laid / "MLmodel", overlay)
            logged = self.client.create_logged_model(
                self.experiment, name=folder, source_run_id=run.run_id
            )
            self.client.log_model_artifacts(logged.model_id, str(laid))
        body = {"name": MODEL, "source": f"runs:/{run.run_id}/{folder}", "run_id": run.run_id}
        made = self.post("/api/2.0/mlflow/model-versions/create", **body)
        return str(made.json()["model_version"]["version"])

    def files(self, version: str, model: str = MODEL) -> Path:
        """Where the server keeps the files of a version."""
        location = self.client.get_model_version(model, version).source
        if location.startswith("runs:/"):
            run, _, inner = location.removeprefix("runs:/").partition("/")
            location = f"{self.client.get_run(run).info.artifact_uri}/{inner}"
        return self.folder / "artifacts" / location.removeprefix("mlflow-artifacts:").lstrip("/")

    def audited(self, version: str, signer: Any = SIGNER, **changes: Any) -> AuditRecord:
        """Publish a record of a version: it passed just now, unless it is said otherwise."""
        content = {
            "model_version": version,
            "artifact_digest": changes.pop("artifact_digest", None)
            or folder_digest(self.files(version)),
            "policy_digest": self.loaded.digest,
            "logical_date": LOGICAL_DATE + timedelta(seconds=int(version)),
            "issued": NOW,
            "expires": NOW + timedelta(days=35),
        }
        appended(self.ledger, signer, **content | changes)
        return a_record(**content | changes)

    def reviewed(self, audit: AuditRecord, **changes: Any) -> None:
        """Publish what people decided about an audit."""
        content = {"issued": NOW, "expires": NOW + timedelta(days=30)} | changes
        publish_review(
            a_review(audit, **content),
            ledger=self.ledger,
            signer=SIGNER,
            trusted=lambda: TRUSTED,
            records=self.folder / "records",
        )

    def record_files(self) -> Path:
        """The folder of the record files, as publishing leaves it."""
        folder = self.folder / "records"
        shutil.rmtree(folder, ignore_errors=True)
        for entry in self.ledger.all():
            write_bytes(folder / place_of(unverified_record(entry.envelope)), entry.envelope)
        return folder

    def is_promoted(self, version: str, model: str = MODEL) -> bool:
        """True if the version is in production, by an alias in any spelling or by stage."""
        aliases = self.client.get_registered_model(model).aliases
        named = {str(each) for name, each in aliases.items() if looks_like(name, [ALIAS])}
        stage = self.client.get_model_version(model, version).current_stage
        return version in named or stage == "Production"

    def post(self, path: str, **body: Any) -> httpx.Response:
        """Call the REST API, and raise what it refuses."""
        answer = self.http.post(path, json=body)
        answer.raise_for_status()
        return answer

    @contextmanager
    def as_it_was(self) -> Iterator[None]:
        """Put ledger, heads, keys, policies and what was seen of them back after the block."""
        kept = ("ledger.db", "heads", "seen", "trusted", "expectations")
        store = self.folder / "as_it_was"
        shutil.rmtree(store, ignore_errors=True)
        store.mkdir()
        for name in kept:
            if (self.folder / name).is_dir():
                shutil.copytree(self.folder / name, store / name)
            elif (self.folder / name).exists():
                shutil.copy(self.folder / name, store / name)
        try:
            yield
        finally:
            for name in kept:
                _remove(self.folder / name)
                if (store / name).exists():
                    (store / name).rename(self.folder / name)


def settings_of(folder: Path) -> dict[str, str]:
    """The environment of whoever works with the installation in a folder."""
    return {
        "FAIRNESS_AUDIT_HOME": str(folder),
        "FAIRNESS_AUDIT_STATE": str(folder),
        "FAIRNESS_AUDIT_TRUSTED_KEYS": str(folder / "trusted"),
    }


@contextmanager
def served(folder: Path, *, guarded: bool, workers: int = 1) -> Iterator[Site]:
    """A stock MLflow server over a new SQLite registry, guarded or plain."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sql").mkdir()
    a_loaded_policy(folder)
    (folder / "trusted").mkdir()
    (folder / "trusted" / "key.pem").write_bytes(public_pem(SIGNER.public_key))
    database = f"sqlite:///{folder / 'mlflow.db'}"
    port = _free_port()
    command = [sys.executable, "-m", "mlflow", "server", "--port", str(port)]
    command += ["--workers", str(workers), "--backend-store-uri", database]
    command += ["--registry-store-uri", (SCHEME if guarded else "") + database]
    command += ["--artifacts-destination", str(folder / "artifacts")]
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MLFLOW_", "FAIRNESS_AUDIT_", "_MLFLOW"))
    } | {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        **settings_of(folder),
    }
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(
            command, env=environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_for(address, server, folder / "server.log")
        site = Site(folder, address, guarded=guarded)
        with site.http:
            yield site
    finally:
        with suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def _wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _STARTS_WITHIN
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise RuntimeError(f"MLflow ended while starting:\n{log.read_text()[-2000:]}")
        with suppress(httpx.TransportError):
            if httpx.get(f"{address}/health", timeout=2).status_code == 200:
                return
        time.sleep(0.2)
    raise RuntimeError(f"MLflow does not answer:\n{log.read_text()[-2000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
