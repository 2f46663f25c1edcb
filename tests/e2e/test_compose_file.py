"""What docker-compose.yaml, the Dockerfile and .env.example promise, read from the files."""

import re
import shutil
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

from fairness_audit.guard import SCHEME
from tests import CHECKOUT
from tests.servers.compose_file import (
    COMPOSE_FILE,
    EXAMPLE,
    Unset,
    compose_file,
    copied,
    documented_environment,
    instructions,
    interpolated,
    is_long_running,
)

SERVICES: dict[str, dict[str, Any]] = compose_file()["services"]
GUARDED = {
    each.name.removeprefix(SCHEME)
    for each in entry_points(group="mlflow.model_registry_store")
    if each.name.startswith(SCHEME)
}
PINNED = re.compile(r"^[a-z][a-z-]*:\d+(\.\d+)+[a-z0-9.-]*$")
RUNS_TASKS = "airflow-scheduler"

every_service = pytest.mark.parametrize("name", SERVICES)


@pytest.fixture(scope="module")
def documented(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment an operator has who did what .env.example says."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl, which makes the secrets, is not installed")
    return documented_environment(tmp_path_factory.mktemp("installation"))


def test_the_file_keeps_to_the_compose_specification() -> None:
    checker = Path(sys.executable).with_name("check-jsonschema")
    checked = subprocess.run(
        [checker, "--builtin-schema", "vendor.compose-spec", COMPOSE_FILE],
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 0, checked.stdout


def test_the_topology_is_whole() -> None:
    assert {name for name, service in SERVICES.items() if is_long_running(service)} == {
        "postgres",
        "airflow-apiserver",
        "airflow-scheduler",
        "airflow-dag-processor",
        "airflow-triggerer",
        "mlflow",
        "data-docs",
    }
    jobs = {name for name, service in SERVICES.items() if service["restart"] == "no"}
    assert jobs == {"airflow-init", "demo-crm"}
    assert SERVICES["demo-crm"]["profiles"] == ["demo"]


@every_service
def test_images_are_pinned(name: str) -> None:
    assert PINNED.match(SERVICES[name]["image"])


@every_service
def test_a_service_runs_with_no_more_rights_than_it_needs(name: str) -> None:
    service = SERVICES[name]
    user = interpolated(service["user"], {}).split(":")[0]
    assert user.isdecimal()
    assert user != "0"
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert not any("docker.sock" in volume for volume in service.get("volumes", []))
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}


@every_service
def test_a_service_that_stays_up_is_watched(name: str) -> None:
    service = SERVICES[name]
    if is_long_running(service):
        assert service["healthcheck"]["test"][0] == "CMD"
        assert service["healthcheck"]["retries"] >= 3
    for dependency, how in service.get("depends_on", {}).items():
        job = not is_long_running(SERVICES[dependency])
        expected = "service_completed_successfully" if job else "service_healthy"
        assert how["condition"] == expected


@every_service
def test_ports_are_for_this_machine_only(name: str) -> None:
    for port in SERVICES[name].get("ports", []):
        assert interpolated(port, {}).startswith("127.0.0.1:")


def test_the_databases_are_reached_from_inside_only() -> None:
    assert SERVICES["postgres"]["networks"] == ["databases"]
    assert compose_file()["networks"]["databases"]["internal"] is True
    assert "ports" not in SERVICES["postgres"]
    assert SERVICES["data-docs"]["networks"] == ["pages"]


@every_service
def test_the_keys_are_where_tasks_run_and_nowhere_else(name: str) -> None:
    service = SERVICES[name]
    secrets = set(service.get("secrets", []))
    assert secrets == ({"signing_key", "subject_key"} if name == RUNS_TASKS else set())
    named = {key for key in service.get("environment", {}) if key.endswith("_KEY")}
    keys = {"FAIRNESS_AUDIT_SIGNING_KEY", "FAIRNESS_AUDIT_SUBJECT_KEY"}
    assert named & keys == (keys if name == RUNS_TASKS else set())


@every_service
def test_a_service_gets_only_the_secrets_it_uses(name: str) -> None:
    environment = SERVICES[name].get("environment", {})
    makes_databases = name in ("airflow-init", "demo-crm")
    assert ("PGPASSWORD" in environment) == makes_databases
    checks_tokens = name in ("airflow-init", "airflow-apiserver", "airflow-scheduler")
    assert ("AIRFLOW__API_AUTH__JWT_SECRET" in environment) == checks_tokens
    assert ("MLFLOW_DATABASE_PASSWORD" in str(environment)) == (name in ("airflow-init", "mlflow"))


@every_service
def test_who_publishes_appends_to_the_ledger_and_the_others_only_read_it(name: str) -> None:
    environment = SERVICES[name].get("environment", {})
    assert ("LEDGER_DATABASE_PASSWORD" in str(environment)) == (name == "airflow-init")
    appends = name in ("airflow-init", RUNS_TASKS)
    assert ("LEDGER_WRITER_PASSWORD" in str(environment)) == appends
    if ledger := environment.get("FAIRNESS_AUDIT_LEDGER"):
        role = "ledger_writer" if name == RUNS_TASKS else "ledger_reader"
        assert ledger.startswith(f"postgresql+psycopg://{role}:")
    for volume in SERVICES[name].get("volumes", []):
        if volume.startswith("audit-heads:"):
            assert volume.endswith(":ro") != appends


def test_the_registry_asks_the_gate_and_is_healthy_only_if_it_does() -> None:
    service = SERVICES["mlflow"]
    environment = service["environment"]
    plain = environment["MLFLOW_BACKEND_STORE_URI"]
    assert environment["MLFLOW_REGISTRY_STORE_URI"] == f"{SCHEME}{plain}"
    assert plain.partition(":")[0] in GUARDED
    assert service["healthcheck"]["test"] == ["CMD", "fairness-audit", "check", "--registry"]
    mounted = {volume.split(":")[-2] for volume in service["volumes"] if volume.endswith(":ro")}
    assert environment["FAIRNESS_AUDIT_TRUSTED_KEYS"] in mounted
    assert "/var/lib/fairness-audit/heads" in mounted
    assert not set(service.get("secrets", []))


@pytest.mark.parametrize(
    "secret", [line[:-1] for line in EXAMPLE.read_text().splitlines() if line.endswith("=")]
)
def test_nothing_starts_without_its_secrets(documented: dict[str, str], secret: str) -> None:
    without = {key: value for key, value in documented.items() if key != secret}
    if secret in ("SAMPLE_CRM_PASSWORD", "FAIRNESS_AUDIT_UID"):  # have their own guard, or default
        compose_file(without)
    else:
        with pytest.raises(Unset, match=secret):
            compose_file(without)


def test_every_variable_is_documented() -> None:
    used = set(re.findall(r"\$\{(\w+)", COMPOSE_FILE.read_text()))
    told = set(re.findall(r"^#?([A-Z][A-Z_]+)=", EXAMPLE.read_text(), flags=re.MULTILINE))
    assert used == told


def test_a_documented_password_fits_into_an_address(documented: dict[str, str]) -> None:
    passwords = {key: value for key, value in documented.items() if key.endswith("_PASSWORD")}
    assert len(passwords) == 9
    assert len(set(passwords.values())) == 9
    for value in passwords.values():
        assert re.fullmatch(r"[A-Za-z0-9]{32,}", value)


def test_the_registry_accepts_the_name_its_clients_call_it_by() -> None:
    registry = SERVICES[RUNS_TASKS]["environment"]["FAIRNESS_AUDIT_REGISTRY"]
    allowed = SERVICES["mlflow"]["environment"]["MLFLOW_SERVER_ALLOWED_HOSTS"].split(",")
    assert registry.removeprefix("http://") in allowed


def test_the_image_is_made_of_what_is_there() -> None:
    """`COPY` of a missing file fails the build; the final stage copies no key and no state."""
    for sources, target in copied():
        assert sources, f"nothing to copy to {target}"
    for word, argument in instructions():
        if word == "COPY" and not argument.startswith("--from"):
            for source in argument.split()[:-1]:
                assert "*" in source or (CHECKOUT / source).exists(), source
                assert not source.startswith("."), "a folder as a whole may hold keys"


def test_the_build_sees_no_secrets() -> None:
    rules = (CHECKOUT / ".dockerignore").read_text().splitlines()
    wanted = [rule for rule in rules if rule and not rule.startswith("#")]
    assert wanted[0] == "*"
    let_in = {rule.removeprefix("!") for rule in wanted if rule.startswith("!")}
    assert let_in.isdisjoint({".", ".env", "keys", ".local", ".git"})
    copied_from = {
        source.split("/")[0]
        for word, argument in instructions()
        if word == "COPY" and not argument.startswith("--from")
        for source in argument.split()[:-1]
    }
    assert copied_from <= let_in


def test_the_image_is_pinned_and_does_not_run_as_root() -> None:
    bases = [argument.split()[0] for word, argument in instructions() if word == "FROM"]
    assert all(PINNED.match(base) for base in bases)
    (user,) = [argument for word, argument in instructions(stage=-1) if word == "USER"]
    assert user == "50000:0"
    uv = re.search(r"^UV_VERSION := (\S+)$", (CHECKOUT / "Makefile").read_text(), re.MULTILINE)
    assert uv is not None
    assert ("ARG", f"UV_VERSION={uv[1]}") in instructions()


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_what_an_operator_makes_stays_out_of_version_control() -> None:
    for path in (".env", "keys/signing.pem", "keys/subject.key"):
        ignored = subprocess.run(["git", "check-ignore", "--quiet", path], cwd=CHECKOUT)
        assert ignored.returncode == 0, f"{path} is not in .gitignore"
