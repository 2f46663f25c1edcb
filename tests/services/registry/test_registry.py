"""A real MLflow registry: content digests, and aliases that move on `allow` alone."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from fairness_audit.errors import RegistryError
from fairness_audit.records.signed.audit import GateDecision
from fairness_audit.registry.mlflow import MlflowRegistry
from fairness_audit.registry.training import TAG
from fairness_audit.steps.gate import apply
from tests import CHECKOUT
from tests.builders.domain import a_policy

MODEL = "lead_scoring"
FILES = {"MLmodel": b"flavors: {}\n", "model.pkl": b"weights", "data/encoder.json": b"{}"}


class Mlflow:
    """A new MLflow on SQLite, and what a data scientist does with it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.address = f"sqlite:///{folder / 'mlflow.db'}"
        self.registry = MlflowRegistry(self.address)
        self.client = self.registry._client
        self.experiment = self.client.create_experiment("demo", (folder / "artifacts").as_uri())
        self.client.create_registered_model(MODEL)

    def log(self, files: dict[str, bytes]) -> tuple[str, Path]:
        """Log a model and register it; gives its version and its folder."""
        source = self.folder / "source"
        for name, content in files.items():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes(content)
        model = self.client.create_logged_model(self.experiment, name="model")
        self.client.log_model_artifacts(model.model_id, str(source))
        shutil.rmtree(source)
        with process_wide(self.address):
            version = self.client.create_model_version(MODEL, f"models:/{model.model_id}")
        return str(version.version), Path(model.artifact_location.removeprefix("file://"))


@contextmanager
def process_wide(address: str) -> Iterator[None]:
    """MLflow looks a logged model up at the address it keeps for the whole process."""
    import mlflow

    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(address)
    yield
    mlflow.set_tracking_uri(before)


@pytest.fixture(scope="session")
def mlflow_db(tmp_path_factory: pytest.TempPathFactory) -> Mlflow:
    """One MLflow for all tests of this file: it takes seconds to make."""
    return Mlflow(tmp_path_factory.mktemp("mlflow"))


@pytest.fixture
def mlflow_server(tmp_path: Path) -> Iterator[str]:
    """Address of a running MLflow server that serves the artifacts itself."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{tmp_path / 'served.db'}"]
    command += ["--artifacts-destination", str(tmp_path / "served")]
    with (tmp_path / "server.log").open("wb") as log:
        server = subprocess.Popen(
            command, stdout=log, stderr=log, cwd=tmp_path, start_new_session=True
        )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_until_healthy(server, f"{address}/health")
        yield address
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def _wait_until_healthy(server: "subprocess.Popen[bytes]", address: str) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and server.poll() is None:
        with suppress(OSError), urllib.request.urlopen(address, timeout=5):
            return
        time.sleep(0.2)
    pytest.fail("the MLflow server does not answer")


@pytest.fixture
def logged(mlflow_db: Mlflow) -> tuple[str, Path]:
    """A version of this test's own, and the folder of its files."""
    return mlflow_db.log(FILES)


def test_equal_content_has_an_equal_digest(mlflow_db: Mlflow, logged: tuple[str, Path]) -> None:
    other, _ = mlflow_db.log(FILES)
    digest = mlflow_db.registry.artifact_digest
    assert digest(MODEL, logged[0]) == digest(MODEL, other)
    assert len(digest(MODEL, other)) == 64


@pytest.mark.parametrize(
    "change",
    [
        {"model.pkl": b"other weights"},
        {"extra.py": b"import os"},
        {".hidden": b""},
        {"data/registered_model_meta": b"model_name: x\nmodel_version: '1'\n"},
    ],
)
def test_any_change_of_content_changes_the_digest(
    mlflow_db: Mlflow, logged: tuple[str, Path], change: dict[str, bytes]
) -> None:
    version, folder = logged
    before = mlflow_db.registry.artifact_digest(MODEL, version)
    for name, content in change.items():
        (folder / name).write_bytes(content)
    assert mlflow_db.registry.artifact_digest(MODEL, version) != before


def test_a_renamed_file_changes_the_digest(mlflow_db: Mlflow, logged: tuple[str, Path]) -> None:
    version, folder = logged
    before = mlflow_db.registry.artifact_digest(MODEL, version)
    (folder / "model.pkl").rename(folder / "model.bin")
    assert mlflow_db.registry.artifact_digest(MODEL, version) != before


def test_loading_a_model_does_not_change_its_digest(
    mlflow_db: Mlflow, logged: tuple[str, Path]
) -> None:
    """MLflow writes a mark beside the files of a model it loads."""
    import mlflow

    version, folder = logged
    before = mlflow_db.registry.artifact_digest(MODEL, version)
    with process_wide(mlflow_db.address):
        mlflow.artifacts.download_artifacts(f"models:/{MODEL}/{version}")
    mark = folder / "registered_model_meta"
    assert yaml.safe_load(mark.read_bytes()) == {"model_name": MODEL, "model_version": version}
    assert mlflow_db.registry.artifact_digest(MODEL, version) == before


BOMB = b"a0: &a0 {model_name: x}\n" + b"".join(
    b"a%d: &a%d {<<: [%s]}\n" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 9)) for n in range(1, 30)
)
"""Read with merge keys, it takes longer than anybody lives."""


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"{",
        b"model_name: x\n",
        b"model_name: x\nmodel_version: '1'\nloader_module: evil\n",
        b"model_name: [x]\nmodel_version: '1'\n",
        b"model_name: x\nmodel_version: '1'\n" + b"#" * 5000,
        BOMB,
    ],
)
def test_a_mark_that_holds_anything_else_is_content(
    mlflow_db: Mlflow, logged: tuple[str, Path], content: bytes
) -> None:
    version, folder = logged
    before = mlflow_db.registry.artifact_digest(MODEL, version)
    (folder / "registered_model_meta").write_bytes(content)
    assert mlflow_db.registry.artifact_digest(MODEL, version) != before


def test_a_version_without_files_has_no_digest(
    mlflow_db: Mlflow, logged: tuple[str, Path]
) -> None:
    version, folder = logged
    shutil.rmtree(folder)
    with pytest.raises(RegistryError, match=f"version {version} has no files"):
        mlflow_db.registry.artifact_digest(MODEL, version)


@pytest.mark.parametrize("version", ["99", "../1", "", "latest"])
def test_an_unknown_version_is_named(mlflow_db: Mlflow, version: str) -> None:
    with pytest.raises(RegistryError, match=f"^{MODEL} version {version}: the model registry"):
        mlflow_db.registry.artifact_digest(MODEL, version)


def test_an_unknown_model_is_named(mlflow_db: Mlflow) -> None:
    with pytest.raises(RegistryError, match="absent version 1"):
        mlflow_db.registry.artifact_digest("absent", "1")
    with pytest.raises(RegistryError, match="alias champion of absent version 1"):
        mlflow_db.registry.promote("absent", "1", "champion")
    assert mlflow_db.registry.alias_target("absent", "champion") is None


def test_a_version_says_up_to_when_it_was_trained(
    mlflow_db: Mlflow, logged: tuple[str, Path]
) -> None:
    version, _ = logged
    registry = mlflow_db.registry
    assert registry.trained_until(MODEL, version) is None
    mlflow_db.client.set_model_version_tag(MODEL, version, TAG, "2026-05-31T02:00:00+02:00")
    assert registry.trained_until(MODEL, version) == datetime(2026, 5, 31, tzinfo=UTC)
    mlflow_db.client.set_model_version_tag(MODEL, version, TAG, "in May")
    with pytest.raises(RegistryError, match=f"^{MODEL} version {version}: the tag {TAG} is no"):
        registry.trained_until(MODEL, version)
    with pytest.raises(RegistryError, match=f"^{MODEL} version 99: the model registry"):
        registry.trained_until(MODEL, "99")


def decision(answer: str, version: str) -> GateDecision:
    return GateDecision(
        decision=answer,
        model=MODEL,
        model_version=version,
        reasons=("as decided",),
        record_id=None,
        expires=None,
    )


def test_the_alias_moves_on_allow_and_not_on_block(mlflow_db: Mlflow) -> None:
    first, second = mlflow_db.log(FILES)[0], mlflow_db.log(FILES)[0]
    registry, policy = mlflow_db.registry, a_policy()
    apply(decision("block", first), policy, registry)
    assert registry.alias_target(MODEL, "champion") is None
    apply(decision("allow", first), policy, registry)
    assert registry.alias_target(MODEL, "champion") == first
    apply(decision("block", second), policy, registry)
    assert registry.alias_target(MODEL, "champion") == first
    for _ in range(2):
        apply(decision("allow", second), policy, registry)
        assert registry.alias_target(MODEL, "champion") == second


def test_a_server_gives_the_digest_its_files_have(mlflow_db: Mlflow, mlflow_server: str) -> None:
    """Over HTTP the files are downloaded; where the registry is a database they are read."""
    remote = MlflowRegistry(mlflow_server)
    remote._client.create_registered_model(MODEL)
    experiment = remote._client.create_experiment("demo")
    logged = remote._client.create_logged_model(experiment, name="model")
    version, folder = mlflow_db.log(FILES)
    remote._client.log_model_artifacts(logged.model_id, str(folder))
    remote._client.create_model_version(
        MODEL, f"models:/{logged.model_id}", model_id=logged.model_id
    )
    expected = mlflow_db.registry.artifact_digest(MODEL, version)
    assert remote.artifact_digest(MODEL, "1") == expected
    assert remote.alias_target(MODEL, "champion") is None
    remote.promote(MODEL, "1", "champion")
    assert remote.alias_target(MODEL, "champion") == "1"


def test_an_unreachable_server_is_told_without_its_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    registry = MlflowRegistry("http://auditor:secret@127.0.0.1:1")
    for use in (
        lambda: registry.artifact_digest(MODEL, "1"),
        lambda: registry.alias_target(MODEL, "champion"),
        lambda: registry.trained_until(MODEL, "1"),
        lambda: registry.promote(MODEL, "1", "champion"),
    ):
        with pytest.raises(RegistryError, match=r"registry http://127\.0\.0\.1:1 ") as told:
            use()
        assert "secret" not in str(told.value)
        assert "FAIRNESS_AUDIT_REGISTRY" in str(told.value)


def test_an_address_nobody_knows_is_told() -> None:
    with pytest.raises(RegistryError, match="FAIRNESS_AUDIT_REGISTRY"):
        MlflowRegistry("gopher://x").alias_target(MODEL, "champion")


def test_nothing_is_printed(tmp_path: Path) -> None:
    script = (
        "from fairness_audit.registry.mlflow import MlflowRegistry as R;"
        f"print(R('sqlite:///{tmp_path}/mlflow.db').alias_target('x', 'y'))"
    )
    environment = os.environ | {"PYTHONPATH": str(CHECKOUT / "plugins")}
    answer = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    assert (answer.stdout, answer.stderr) == ("None\n", "")
