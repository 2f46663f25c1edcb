"""The check of the secrets as the containers run it."""

import subprocess
import sys
from pathlib import Path

from fairness_audit.deploy.credentials import FERNET_KEY
from tests import CHECKOUT


def test_as_a_program_it_exits_with_the_faults_and_no_traceback(tmp_path: Path) -> None:
    for folder in ("expectations", "sql"):
        (tmp_path / folder).mkdir()
    plugins = CHECKOUT / "plugins"
    done = subprocess.run(
        [sys.executable, "-m", "fairness_audit.deploy.credentials"],
        env={"PYTHONPATH": str(plugins), "FAIRNESS_AUDIT_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert FERNET_KEY in done.stderr
