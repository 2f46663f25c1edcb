"""`fairness-audit check` warns of what a valid policy leaves open, and says where."""

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from fairness_audit.cli.app import app
from tests import CHECKOUT


def test_a_warning_names_file_line_and_cure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = CHECKOUT / "expectations" / "lead_scoring"
    folder = tmp_path / "expectations" / "lead_scoring"
    folder.mkdir(parents=True)
    for file in own.glob("*.json"):
        (folder / file.name).write_bytes(file.read_bytes())
    content = yaml.safe_load((own / "policy.yaml").read_bytes())
    content["rules"][0]["sides"] = "harm"
    (folder / "policy.yaml").write_text(yaml.safe_dump(content), "utf-8")
    (tmp_path / "sql").symlink_to(CHECKOUT / "sql")
    monkeypatch.setenv("FAIRNESS_AUDIT_HOME", str(tmp_path))
    shown = CliRunner().invoke(app, ["check"])
    assert shown.exit_code == 0, shown.output
    assert f"warning: {folder / 'policy.yaml'}:" in shown.stderr
    assert "rules.0.sides: harm protects the group alone" in shown.stderr
    assert "(write both, or against: best)" in shown.stderr
    (row,) = json.loads(CliRunner().invoke(app, ["check", "--format", "json"]).stdout)
    assert len(row["warnings"]) == 1
