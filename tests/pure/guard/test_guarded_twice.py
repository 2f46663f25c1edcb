"""`check` refuses two policies of one model under two names."""

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from fairness_audit.cli.app import app
from fairness_audit.guard.twice import guarded_twice
from fairness_audit.policy.load import load_policies
from tests.builders.domain import policy_content


def faults(folder: Path, **guarded: tuple[str, str]) -> list[str]:
    for model, (name, alias) in guarded.items():
        gate = {"registered_model": name, "alias": alias, "valid_days": 35}
        file = folder / model / "policy.yaml"
        file.parent.mkdir()
        file.write_text(yaml.safe_dump(policy_content(model=model, gate=gate)))
    return list(guarded_twice(load_policies(folder)))


def test_one_alias_of_one_registered_model_has_one_policy(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, leads=("Leads", "champion"), scores=("leads ", "champion"))
    assert fault.startswith(f"{tmp_path / 'scores' / 'policy.yaml'}:")
    assert fault.endswith(
        ": gate.registered_model: leads guards alias champion of it too (keep one of the two"
        " policies, or name another alias)"
    )


def test_other_aliases_and_other_models_may_have_their_own(tmp_path: Path) -> None:
    assert not faults(
        tmp_path,
        one=("leads", "champion"),
        two=("leads", "regional"),
        three=("offers", "champion"),
    )


def test_check_refuses_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sql").mkdir()
    monkeypatch.setenv("FAIRNESS_AUDIT_HOME", str(tmp_path))
    folder = tmp_path / "expectations"
    folder.mkdir()
    faults(folder, one=("leads", "champion"), two=("leads", "champion"))
    shown = CliRunner().invoke(app, ["check"])
    assert shown.exit_code == 2
    assert "one guards alias champion of it too" in " ".join(shown.stderr.split())
