"""What is read without MLflow's client is what its client reads; what is not, it is asked for."""

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import pytest
from mlflow.store.db.utils import _get_latest_schema_revision

from fairness_audit.encoding import digest_of
from fairness_audit.errors import RegistryError
from fairness_audit.registry.direct import DirectRegistry, read_directly
from fairness_audit.registry.mlflow import MlflowRegistry
from fairness_audit.registry.tables import LAYOUT
from tests.builders.published import MODEL
from tests.servers.api_server import a_certificate
from tests.servers.login_proxy import login_proxy
from tests.servers.registry_site import Site, served

FILES = {
    "MLmodel": b"flavors: {}\n",
    "model.pkl": b"weights" * 500_000,
    "empty": b"",
    "data/deep/er/encoder.json": b"{}",
    "data/with space,+=@-.txt": b"plain",
    "data/größe.txt": b"1",
    "data/registered_model_meta": b"model_name: x\nmodel_version: '1'\n",
    "registered_model_meta": b"model_name: x\nmodel_version: '1'\n",
}
BY_HAND = digest_of(
    [
        {"path": name, "sha256": hashlib.sha256(FILES[name]).hexdigest()}
        for name in sorted(FILES, key=lambda name: name.split("/"))
        if name != "registered_model_meta"
    ]
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with served(tmp_path_factory.mktemp("registry") / "site", guarded=False) as running:
        yield running


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """MLflow's settings, none of which is made yet."""
    for name in os.environ:
        if name.startswith("MLFLOW_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("HOME", str(tmp_path))
    return monkeypatch


def agreed(address: str, version: str, model: str = MODEL) -> str | None:
    """What is read directly; MLflow's client says the same, and so does what stands for both."""
    direct = read_directly(address, model, version)
    said = answer_of(MlflowRegistry(address), model, version)
    assert answer_of(DirectRegistry(address), model, version) == said
    assert direct in (None, said)
    return direct


def answer_of(registry: MlflowRegistry, model: str, version: str) -> str:
    try:
        return registry.artifact_digest(model, version)
    except RegistryError as error:
        return f"error: {error}"


def test_of_a_server_every_file_is_read(site: Site) -> None:
    assert agreed(site.address, site.version(files=FILES)) == BY_HAND


def test_of_a_database_every_file_is_read(site: Site) -> None:
    client = MlflowRegistry(database(site.folder))._client
    source = site.folder / "made" / "plain % place"
    for name, content in FILES.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(content)
    version = str(client.create_model_version(MODEL, source.as_uri()).version)
    assert agreed(database(site.folder), version) == BY_HAND
    assert agreed(site.address, version) == BY_HAND


def test_of_a_postgres_every_file_is_read(postgres_uri: str, tmp_path: Path) -> None:
    address = postgres_uri.replace("postgresql:", "postgresql+psycopg:", 1)
    client = MlflowRegistry(address)._client
    client.create_registered_model(MODEL)
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "MLmodel").write_bytes(FILES["MLmodel"])
    client.create_model_version(MODEL, str(tmp_path / "model"))
    assert agreed(address, "1") is not None
    assert agreed(address, "2") is None


def database(folder: Path) -> str:
    return f"sqlite:///{folder / 'mlflow.db'}"


def test_a_change_of_content_is_seen(site: Site) -> None:
    version = site.version(files=FILES)
    before = agreed(site.address, version)
    (site.files(version) / "data" / "größe.txt").write_bytes(b"2")
    assert agreed(site.address, version) not in (None, before)
    (site.files(version) / "data" / "größe.txt").write_bytes(b"1")
    assert agreed(site.address, version) == before


def test_a_link_is_what_it_leads_to(site: Site) -> None:
    version, elsewhere = site.version(), site.folder / "artifacts" / "elsewhere"
    (elsewhere / "folder").mkdir(parents=True)
    (elsewhere / "folder" / "weights").write_bytes(b"1")
    (site.files(version) / "file").symlink_to(elsewhere / "folder" / "weights")
    (site.files(version) / "folder").symlink_to(elsewhere / "folder")
    before = agreed(site.address, version)
    assert before is not None
    (elsewhere / "folder" / "weights").write_bytes(b"2")
    assert agreed(site.address, version) not in (None, before)


def test_a_linked_folder_of_this_machine_the_client_tells(site: Site, tmp_path: Path) -> None:
    (tmp_path / "MLmodel").write_bytes(FILES["MLmodel"])
    (tmp_path / "linked").symlink_to(site.folder)
    client = MlflowRegistry(database(site.folder))._client
    version = str(client.create_model_version(MODEL, str(tmp_path)).version)
    assert agreed(database(site.folder), version) is None
    assert "linked is a link" in answer_of(DirectRegistry(site.address), MODEL, version)


@pytest.mark.parametrize(
    ("model", "version"),
    [(MODEL, "99"), ("absent", "1"), (MODEL, ""), (MODEL, "../1"), (MODEL, "1_0"), (MODEL, "²")],
)
def test_what_is_not_there_the_client_tells(site: Site, model: str, version: str) -> None:
    site.version()
    for address in (site.address, database(site.folder)):
        assert agreed(address, version, model) is None


def test_a_version_without_files_the_client_tells(site: Site) -> None:
    version = site.version()
    shutil.rmtree(site.files(version))
    assert agreed(site.address, version) is None
    assert "has no files" in answer_of(DirectRegistry(site.address), MODEL, version)


def test_a_deleted_version_is_not_there(site: Site) -> None:
    version = site.version()
    assert agreed(site.address, version) is not None
    site.client.delete_model_version(MODEL, version)
    assert agreed(site.address, version) is None
    assert agreed(database(site.folder), version) is None


@pytest.mark.parametrize(
    "files",
    [{"data/data": b"1"}, {"a%20b": b"1"}, {"back\\slash": b"1"}, {"a;b": b"1"}],
    ids=lambda files: next(iter(files)),
)
def test_a_name_that_could_mean_another_file_is_left_to_the_client(
    site: Site, files: dict[str, bytes]
) -> None:
    version = site.version()
    for name, content in files.items():
        (site.files(version) / name).parent.mkdir(exist_ok=True)
        (site.files(version) / name).write_bytes(content)
    assert agreed(site.address, version) is None


def test_a_place_that_leads_to_another_is_read_by_neither(
    site: Site, settings: pytest.MonkeyPatch
) -> None:
    settings.setenv("MLFLOW_TRACKING_URI", site.address)
    run = site.client.create_run(site.experiment)
    site.client.log_text(run.info.run_id, "weights", "model/MLmodel")
    source = f"runs:/{run.info.run_id}/model"
    version = site.client.create_model_version(MODEL, source, run_id=run.info.run_id).version
    assert agreed(site.address, version) is None
    assert "leads to whatever is logged there" in answer_of(
        DirectRegistry(site.address), MODEL, version
    )


def test_a_server_that_does_not_answer_the_client_tells() -> None:
    assert agreed("http://127.0.0.1:1", "1") is None


LOGIN = {"MLFLOW_TRACKING_USERNAME": "ada", "MLFLOW_TRACKING_PASSWORD": "pässword"}
BASIC = "Basic YWRhOnDDpHNzd29yZA=="


@pytest.mark.parametrize(
    ("shown", "wanted"),
    [
        (LOGIN, BASIC),
        ({"MLFLOW_TRACKING_TOKEN": "t0ken"}, "Bearer t0ken"),
        (LOGIN | {"MLFLOW_TRACKING_TOKEN": "t0ken"}, BASIC),
        ({"MLFLOW_TRACKING_USERNAME": "ada", "MLFLOW_TRACKING_TOKEN": "t0ken"}, "Bearer t0ken"),
    ],
)
def test_the_login_is_the_one_that_the_client_shows(
    site: Site, settings: pytest.MonkeyPatch, shown: dict[str, str], wanted: str
) -> None:
    version = site.version()
    for name, value in shown.items():
        settings.setenv(name, value)
    with login_proxy(site.address, login=wanted) as address:
        assert agreed(address, version) is not None
    with login_proxy(site.address, login="Basic b3RoZXI=") as address:
        assert agreed(address, version) is None
        assert "401" in answer_of(DirectRegistry(address), MODEL, version)


def test_a_login_in_the_address_goes_first(site: Site, settings: pytest.MonkeyPatch) -> None:
    version = site.version()
    settings.setenv("MLFLOW_TRACKING_TOKEN", "t0ken")
    with login_proxy(site.address, login="Basic YWRhOnNlY3I6dA==") as address:
        assert agreed(address.replace("//", "//ada:secr%3At@"), version) is not None
        assert agreed(address.replace("//", "//ada:other@"), version) is None


def test_no_login_is_shown_where_there_is_none(site: Site) -> None:
    version = site.version()
    with login_proxy(site.address, login=BASIC) as address:
        assert agreed(address, version) is None


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")  # MLflow's client warns of it
def test_a_certificate_is_believed_as_the_client_believes_it(
    site: Site, settings: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    version, tls = site.version(), a_certificate(tmp_path)
    with login_proxy(site.address, tls=tls) as address:
        settings.setenv("SSL_CERT_FILE", str(tls[0]))  # httpx' own setting, and not MLflow's
        assert agreed(address, version) is None
        for name, value in {
            "MLFLOW_TRACKING_SERVER_CERT_PATH": str(tls[0]),
            "REQUESTS_CA_BUNDLE": str(tls[0]),
            "MLFLOW_TRACKING_INSECURE_TLS": "true",
        }.items():
            with settings.context() as setting:
                setting.setenv(name, value)
                assert agreed(address, version) is not None
        settings.setenv("MLFLOW_TRACKING_SERVER_CERT_PATH", str(tmp_path / "nowhere"))
        assert agreed(address, version) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MLFLOW_WORKSPACE", "default"),
        ("MLFLOW_TRACKING_AUTH", "kubernetes"),
        ("MLFLOW_TRACKING_AWS_SIGV4", "true"),
        ("MLFLOW_TRACKING_CLIENT_CERT_PATH", "client.pem"),
        ("MLFLOW_OF_THE_FUTURE", "1"),
    ],
)
def test_any_other_setting_is_left_to_the_client(
    site: Site, settings: pytest.MonkeyPatch, name: str, value: str
) -> None:
    version = site.version()
    assert read_directly(site.address, MODEL, version) is not None
    settings.setenv(name, value)
    assert read_directly(site.address, MODEL, version) is None


def test_logins_in_mlflows_own_file_are_left_to_the_client(site: Site, tmp_path: Path) -> None:
    version = site.version()
    (tmp_path / ".mlflow").mkdir()
    (tmp_path / ".mlflow" / "credentials").write_text(
        "[mlflow]\nmlflow_tracking_username = ada\nmlflow_tracking_password = secret\n"
    )
    with login_proxy(site.address, login="Basic YWRhOnNlY3JldA==") as address:
        assert agreed(address, version) is None
        assert not answer_of(DirectRegistry(address), MODEL, version).startswith("error")


def test_the_layout_that_is_known_is_the_one_of_this_mlflow() -> None:
    """Where it is another, read MLflow's migrations since, and then name the new one."""
    assert _get_latest_schema_revision() == LAYOUT


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE alembic_version SET version_num = 'another'",
        "DELETE FROM alembic_version",
        "INSERT INTO registered_models (workspace, name) VALUES ('other', 'a model')",
        "DROP TABLE model_versions",
    ],
)
def test_tables_of_another_layout_are_left_to_the_client(
    site: Site, tmp_path: Path, statement: str
) -> None:
    client = MlflowRegistry(database(site.folder))._client
    site.version()
    version = str(client.create_model_version(MODEL, str(site.folder / "made")).version)
    shutil.copy(site.folder / "mlflow.db", tmp_path)
    assert read_directly(database(tmp_path), MODEL, version) is not None
    with sqlite3.connect(tmp_path / "mlflow.db") as connection:
        connection.execute(statement)
    connection.close()
    assert read_directly(database(tmp_path), MODEL, version) is None


def test_a_database_that_is_none_is_left_to_the_client(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_text("no database")
    assert agreed(database(tmp_path), "1") is None


class Liar(BaseHTTPRequestHandler):
    """A server whose answers are made up."""

    answers: ClassVar[dict[str, bytes]] = {}
    cut: ClassVar[int] = 0

    def do_GET(self) -> None:
        path = self.path.partition("api/2.0/")[2]
        content = self.answers.get(path, b"")
        self.send_response(200 if path in self.answers else 404)
        self.send_header("Content-Length", str(len(content) + self.cut))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """A test's output is its own."""


@pytest.fixture
def liar() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Liar) as server:
        serving = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        serving.join()


PLACE = f"mlflow/model-versions/get-download-uri?name={MODEL}&version=1"
LIST = "mlflow-artifacts/artifacts?path=1%2Fm"
FILE = "mlflow-artifacts/artifacts/1/m/MLmodel"
HONEST = {
    PLACE: b'{"artifact_uri": "mlflow-artifacts:/1/m"}',
    LIST: b'{"files": [{"path": "MLmodel", "is_dir": false}]}',
    FILE: b"weights",
}


def test_an_honest_answer_is_a_digest(liar: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Liar, "answers", HONEST)
    assert read_directly(liar, MODEL, "1") is not None
    monkeypatch.setattr(Liar, "cut", 1)
    assert read_directly(liar, MODEL, "1") is None


@pytest.mark.parametrize(
    ("path", "content"),
    [
        (PLACE, None),
        (PLACE, b"<html>"),
        (PLACE, b"[]"),
        (PLACE, b"{}"),
        (PLACE, b'{"artifact_uri": 1}'),
        (PLACE, b'{"artifact_uri": ""}'),
        (PLACE, b'{"artifact_uri": "mlflow-artifacts:/1/../m"}'),
        (PLACE, b'{"artifact_uri": "mlflow-artifacts:/1/m/"}'),
        (PLACE, b'{"artifact_uri": "mlflow-artifacts://other.example/1/m"}'),
        (PLACE, b'{"artifact_uri": "s3://bucket/1/m"}'),
        (PLACE, b'{"artifact_uri": "file://other.example/etc"}'),
        (PLACE, b'{"artifact_uri": "relative/path"}'),
        (PLACE, b'{"artifact_uri": "/etc/%00"}'),
        (PLACE, b'{"artifact_uri": "/etc/dpkg#x"}'),
        (LIST, None),
        (LIST, b"{}"),
        (LIST, b'{"files": 1}'),
        (LIST, b'{"files": ["MLmodel"]}'),
        (LIST, b'{"files": [{"path": "MLmodel"}]}'),
        (LIST, b'{"files": [{"path": "MLmodel", "is_dir": "no"}]}'),
        (LIST, b'{"files": [{"path": "../MLmodel", "is_dir": false}]}'),
        (LIST, b'{"files": [{"path": "..", "is_dir": true}]}'),
        (LIST, b'{"files": [{"path": "", "is_dir": false}]}'),
        (LIST, b'{"files": [{"path": 1, "is_dir": false}]}'),
        (LIST, HONEST[LIST].replace(b"]", b', {"path": "MLmodel", "is_dir": false}]')),
        (FILE, None),
    ],
)
def test_an_answer_that_is_none_is_left_to_the_client(
    liar: str, monkeypatch: pytest.MonkeyPatch, path: str, content: bytes | None
) -> None:
    told = {**HONEST, path: content}
    monkeypatch.setattr(Liar, "answers", {k: v for k, v in told.items() if v is not None})
    assert read_directly(liar, MODEL, "1") is None
