"""What tests of a ledger in a database need."""

from pathlib import Path

import pytest

from fairness_audit.files import write_bytes
from fairness_audit.ledger.keys import public_pem
from fairness_audit.policy.load import LoadedPolicy
from tests.builders.published import SIGNER, a_loaded_policy


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Address of an empty database of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.db'}"
    return str(request.getfixturevalue("postgres_uri"))


@pytest.fixture
def loaded(tmp_path: Path) -> LoadedPolicy:
    write_bytes(tmp_path / "keys" / "trusted" / "key.pem", public_pem(SIGNER.public_key))
    return a_loaded_policy(tmp_path)
