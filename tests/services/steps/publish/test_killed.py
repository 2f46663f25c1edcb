"""Publishing that is killed in between, and run again."""

import os
import signal
import stat
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from fairness_audit.ledger.ledger import Ledger
from fairness_audit.policy.load import LoadedPolicy
from tests import CHECKOUT
from tests.builders.published import NOW, SIGNER, a_loaded_policy, published


@pytest.fixture
def loaded(tmp_path: Path) -> LoadedPolicy:
    return a_loaded_policy(tmp_path)


def entries(folder: Path) -> list[bytes]:
    return [entry.envelope for entry in Ledger(f"sqlite:///{folder / 'ledger.db'}").all()]


def test_killed_between_ledger_and_file_a_rerun_completes_the_same_record(
    loaded: LoadedPolicy, tmp_path: Path
) -> None:
    """The process dies the moment it asks for the folder of the record's file."""
    script = f"import sys; from {__name__} import publish_and_die; publish_and_die(*sys.argv[1:])"
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(CHECKOUT), str(CHECKOUT / "plugins")])
    }
    key = tmp_path / "signing.pem"
    key.write_bytes(SIGNER.private_bytes)
    key.chmod(stat.S_IRUSR | stat.S_IWUSR)
    died = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path), str(key)], env=environment, check=False
    )
    assert died.returncode == -signal.SIGKILL
    (envelope,) = entries(tmp_path)
    assert not list((tmp_path / "records").rglob("*.json"))

    where = published(loaded, tmp_path, now=NOW + timedelta(hours=1))
    assert where.file.read_bytes() == envelope
    assert entries(tmp_path) == [envelope]
    assert [path.name for path in (tmp_path / "records").rglob("*") if path.is_file()] == [
        where.file.name
    ]


def publish_and_die(folder: str, key: str) -> None:
    """Publish, and be killed at the first touch of the folder of records."""
    from fairness_audit.ledger.keys import load_signer

    def kill(event: str, arguments: tuple[object, ...]) -> None:
        if event == "os.mkdir" and str(arguments[0]).startswith(str(Path(folder) / "records")):
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(kill)
    published(a_loaded_policy(Path(folder)), Path(folder), load_signer(Path(key)))
