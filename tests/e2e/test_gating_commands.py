"""The very commands of the CI jobs and of the init containers, run by bash."""

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.builders.gated import Gated
from tests.builders.gating_files import container, job, kubernetes_objects, pod_of

GITHUB = job("github-actions.yaml")["jobs"]["gate"]["steps"][0]["run"]
GITLAB = "\n".join(job("gitlab-ci.yaml")["gate"]["script"])
WITHIN = 120


@pytest.fixture(scope="module")
def gated(tmp_path_factory: pytest.TempPathFactory) -> Gated:
    return Gated.made(tmp_path_factory.mktemp("gated") / "state")


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the console scripts, as the image has them."""
    folder = tmp_path_factory.mktemp("bin")
    for name, module in (("fairness-audit", "fairness_audit.cli.app"), ("mlflow", "mlflow.cli")):
        function = "app" if name == "fairness-audit" else "cli"
        script = folder / name
        script.write_text(f"#!{sys.executable}\nfrom {module} import {function}\n{function}()\n")
        script.chmod(0o755)
    return folder


class Shell:
    """Runs commands of a job in a folder of their own."""

    def __init__(self, gated: Gated, programs: Path, folder: Path) -> None:
        self.folder = folder
        self.environment = gated.environment | {"PATH": f"{programs}:/usr/bin:/bin"}

    def run(self, program: str, **variables: str) -> tuple[int, str]:
        """Exit code and output, as a CI service sees them."""
        done = subprocess.run(
            ["bash", "-c", program],
            env=self.environment | variables,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=WITHIN,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    @property
    def answer(self) -> Any:
        """What the job keeps."""
        return json.loads((self.folder / "gate.json").read_text())


@pytest.fixture
def shell(gated: Gated, programs: Path, tmp_path: Path) -> Shell:
    return Shell(gated, programs, tmp_path)


def test_both_services_run_the_same_program() -> None:
    assert GITHUB.strip() == GITLAB.strip()
    assert "fairness-audit gate" in GITHUB


@pytest.mark.parametrize(
    ("version", "code", "decision", "certain"),
    [("2", 0, "allow", True), ("1", 1, "block", True), ("99", 1, "block", True)],
)
def test_a_job_goes_on_only_where_the_gate_allows(
    shell: Shell, version: str, code: int, decision: str, certain: bool
) -> None:
    exited, output = shell.run(GITHUB, MODEL="lead_scoring", VERSION=version)
    assert exited == code, output
    assert (shell.answer["decision"], shell.answer["certain"]) == (decision, certain)


def test_a_job_that_cannot_ask_does_not_go_on(shell: Shell) -> None:
    typed = {"MODEL": "no_such_model", "VERSION": "2; touch typed; $(touch typed)"}
    code, output = shell.run(GITHUB, **typed)
    assert (code, "no model 'no_such_model'" in output) == (2, True)
    assert not (shell.folder / "typed").exists()
    without_program = {"MODEL": "lead_scoring", "VERSION": "2", "PATH": "/usr/bin:/bin"}
    assert shell.run(GITHUB, **without_program)[0] == 127
    code, output = shell.run(GITHUB, MODEL="lead_scoring")
    assert code != 0
    assert "VERSION" in output


# --- the init containers ------------------------------------------------------------------------


def command_of(name: str, places: dict[str, str]) -> str:
    """What a container runs, with the places of this machine."""
    running = container(pod_of(kubernetes_objects()["InferenceService/lead-scoring"]), name)
    line = shlex.join([*running["command"], *running["args"]])
    for mounted, here in places.items():
        line = line.replace(mounted, here)
    return line


def test_what_was_downloaded_is_verified_and_what_was_changed_is_not_served(
    gated: Gated, shell: Shell
) -> None:
    places = {"/mnt/models": str(shell.folder / "models")}
    registry = f"sqlite:///{gated.folder / 'mlflow.db'}"
    code, output = shell.run(command_of("download", places), MLFLOW_TRACKING_URI=registry)
    assert code == 0, output
    model = shell.folder / "models" / "MLmodel"
    assert model.read_text() == "version 2\n"

    state = shell.folder / "state"  # what the container has mounted, and no more
    for name in ("records", "heads"):
        shutil.copytree(gated.folder / name, state / name)
    seen = {
        "FAIRNESS_AUDIT_STATE": str(state),
        "FAIRNESS_AUDIT_TRUSTED_KEYS": str(gated.folder / "keys" / "trusted"),
    }
    verify = command_of("verify", places)
    code, output = shell.run(verify, **seen)
    assert code == 0, output

    model.write_text("version 1\n")  # another version's files, under this one's name
    code, output = shell.run(verify, **seen)
    assert code == 1, output
    assert "not those that were audited" in output

    model.unlink()
    code, output = shell.run(verify, **seen)
    assert code == 2, output
