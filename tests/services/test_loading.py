"""What a fresh interpreter has loaded behind an import."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from textwrap import indent

import pytest

from tests import CHECKOUT
from tests.builders.gated import Gated
from tests.builders.published import MODEL
from tests.servers.registry_site import served

HEAVY = "pandas numpy pyarrow duckdb great_expectations fairlearn sklearn mlflow scipy sqlalchemy"
"""What a DAG file must not load: it is parsed every few seconds."""


@pytest.mark.parametrize(
    ("loaded", "allowed"),
    [
        ("fairness_audit.policy.load, fairness_audit.policy.schema, fairness_audit.settings", []),
        ("fairness_audit.installation", []),
        ("fairness_audit.steps.judge, fairness_audit.records.finding", ["numpy"]),  # for intervals
    ],
)
def test_what_is_pure_loads_nothing_heavy(loaded: str, allowed: list[str], tmp_path: Path) -> None:
    assert heavy_after(f"import {loaded}", tmp_path) <= set(allowed)


def test_verifying_loads_neither_airflow_nor_a_database(tmp_path: Path) -> None:
    loaded = loaded_after("import fairness_audit.ledger.verify", tmp_path)
    assert not loaded & {"airflow", "sqlalchemy", "pandas", "mlflow", "duckdb"}


def test_parsing_the_dags_loads_nothing_heavy_beyond_airflow(tmp_path: Path) -> None:
    """The libraries of a task are loaded when it runs."""
    airflow = "import airflow.sdk; from airflow.sdk import DAG, Asset, Param, TriggerRule, task"
    known = "import runpy, sys; known = set(sys.modules)"
    dags = [f"runpy.run_path({str(path)!r})" for path in (CHECKOUT / "dags").glob("*.py")]
    assert len(dags) > 3
    told = "print(*(sys.modules.keys() - known))"
    beyond = printed_by("\n".join([airflow, known, *dags, told]), tmp_path)
    assert beyond & {*HEAVY.split(), "aiosmtplib"} == set()
    assert "fairness_audit.pipeline" in beyond


HELP = "--help", "measure --help", "gate --help", "--version"


@pytest.mark.parametrize("words", HELP)
def test_help_loads_nothing_but_the_command_itself(words: str, tmp_path: Path) -> None:
    loaded = loaded_after(called(words), tmp_path)
    assert not loaded & {*HEAVY.split(), "yaml", "rich", "securesystemslib"}
    assert words.count(" ") or "pydantic" not in loaded  # Typer loads it to read a verb's options
    ours = {name for name in loaded if name.startswith("fairness_audit.")}
    rooms = {name.split(".")[1] for name in ours}
    assert rooms == {"cli", "errors", "files", "settings", "text"}


def test_measuring_loads_what_it_counts_with_and_no_more(tmp_path: Path) -> None:
    """Above all not pandas, which Arrow loads unless it is told that there is none."""
    file = tmp_path / "leads.csv"
    file.write_text("gender,called,converted\n" + "f,1,0\nm,0,1\nf,0,1\nm,1,1\n" * 10)
    words = f"measure {file} --attr gender --selected called --outcome converted"
    loaded = loaded_after(called(words), tmp_path)
    assert loaded & set(HEAVY.split()) == {"numpy", "pyarrow", "duckdb", "scipy"}
    # Of scipy the functions alone, whose statistics take three times as long to load.
    assert not loaded & {"scipy.stats", "scipy.sparse", "airflow", "securesystemslib"}


def test_the_gate_loads_no_registry_before_it_asks_one(tmp_path: Path) -> None:
    loaded = loaded_after(called("gate --model nope --version 1"), tmp_path)
    assert not loaded & set(HEAVY.split())


def test_the_gate_reads_a_database_without_its_registrys_client(tmp_path: Path) -> None:
    gated = Gated.made(tmp_path)
    loaded = loaded_after(asking("2", "allow"), tmp_path, gated.environment)
    assert loaded & set(HEAVY.split()) == {"sqlalchemy"}
    assert not loaded & {"httpx", "psycopg"}


def test_the_gate_reads_a_server_without_its_registrys_client(tmp_path: Path) -> None:
    with served(tmp_path / "site", guarded=False) as site:
        version = site.version()
        site.audited(version)
        settings = site.environment | {"FAIRNESS_AUDIT_REGISTRY": site.address}
        asked = Gated(site.folder).environment | settings
        loaded = loaded_after(asking(version, "allow"), tmp_path, asked)
        assert loaded & {*HEAVY.split(), "httpx"} == {"sqlalchemy", "httpx"}
        (site.files(version) / "MLmodel").write_text("flavors: {another: {}}\n")
        changed = asking(version, "block", "files are not those")
        assert "mlflow" not in loaded_after(changed, tmp_path, asked)
        (site.files(version) / "MLmodel").unlink()
        missing = asking(version, "block", "has no files")
        assert "mlflow" in loaded_after(missing, tmp_path, asked)


def test_files_are_verified_for_serving_without_a_service(tmp_path: Path) -> None:
    words = f"verify-serving {tmp_path} --model lead_scoring --version 1"
    loaded = loaded_after(called(words), tmp_path)
    assert not loaded & {"mlflow", "pandas", "duckdb", "pyarrow", "scipy", "airflow"}


def called(words: str) -> str:
    """The command, called as the console script does; it ends the interpreter otherwise."""
    return f"""import contextlib, sys
sys.argv = ["fairness-audit", *{words.split()!r}]
from fairness_audit.cli.app import main
with contextlib.suppress(SystemExit):
    main()"""


def asking(version: str, *said: str) -> str:
    """A question of the gate, called likewise; its answer must say all this."""
    words = f"gate --model {MODEL} --version {version}"
    return f"""import io
from contextlib import redirect_stdout
with redirect_stdout(io.StringIO()) as printed:
{indent(called(words), "    ")}
answer = printed.getvalue()
if not all(said in answer for said in {said!r}):
    raise ValueError(answer)"""


def heavy_after(statements: str, airflow_home: Path) -> set[str]:
    """The heavy libraries that a fresh interpreter has loaded after these statements."""
    return loaded_after(statements, airflow_home) & set(HEAVY.split())


def loaded_after(
    statements: str, airflow_home: Path, environment: Mapping[str, str] | None = None
) -> set[str]:
    """What a fresh interpreter has loaded after these statements."""
    program = f"{statements}\nimport sys\nprint(*sys.modules)"
    return printed_by(program, airflow_home, environment)


def printed_by(
    program: str, airflow_home: Path, environment: Mapping[str, str] | None = None
) -> set[str]:
    """The words that a fresh interpreter prints last."""
    changes = {"PYTHONPATH": str(CHECKOUT / "plugins"), "AIRFLOW_HOME": str(airflow_home)}
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env=environment or os.environ | changes | {"FAIRNESS_AUDIT_HOME": str(CHECKOUT)},
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split())
