"""An installation that verbs can be asked about."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from fairness_audit.files import write_bytes
from fairness_audit.ledger.keys import public_pem
from tests.builders.published import LOGICAL_DATE, SIGNER, a_loaded_policy, an_audit, published

AUDITS = 7


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation of one model, with seven audits in its ledger."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "sql").mkdir()
    loaded = a_loaded_policy(folder)
    write_bytes(folder / "keys" / "trusted" / "key.pem", public_pem(SIGNER.public_key))
    for hour in range(AUDITS):
        snapshot = an_audit(loaded)["snapshot"].model_copy(
            update={"logical_date": LOGICAL_DATE + timedelta(hours=hour)}
        )
        published(loaded, folder, snapshot=snapshot)
    return folder


@pytest.fixture
def installed(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, where the environment says."""
    copy = shutil.copytree(made, tmp_path / "installed")
    for name in ("HOME", "STATE"):
        monkeypatch.setenv(f"FAIRNESS_AUDIT_{name}", str(copy))
    return copy
