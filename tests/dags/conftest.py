"""What several DAGs are run over."""

from pathlib import Path

import pytest

from tests.builders.gated import Gated


@pytest.fixture
def gated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Gated:
    """An installation that has audited; the environment names it."""
    gated = Gated.made(tmp_path / "state")
    for name, value in gated.variables.items():
        monkeypatch.setenv(name, value)
    return gated
