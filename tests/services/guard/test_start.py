"""What a guarded registry says at its start of the ledger that it asks."""

import logging
from pathlib import Path

import pytest

from fairness_audit.guard.store import store_at
from tests.builders.published import a_ledger, a_loaded_policy, appended


def test_it_warns_where_an_older_copy_of_the_ledger_might_pass_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    a_loaded_policy(tmp_path)
    (tmp_path / "sql").mkdir()
    for name in ("HOME", "STATE"):
        monkeypatch.setenv(f"FAIRNESS_AUDIT_{name}", str(tmp_path))
    address = f"fairness-audit+sqlite:///{tmp_path / 'mlflow.db'}"
    with caplog.at_level(logging.WARNING):
        store_at(address)  # nothing was published yet
        assert "can rewrite the ledger" not in caplog.text
        appended(a_ledger(tmp_path))
        store_at(address)
    assert "this account can rewrite the ledger" in caplog.text
