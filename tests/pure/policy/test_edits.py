"""Which edits of a policy and of what it names need a new audit."""

from pathlib import Path

import yaml

from fairness_audit.policy.edits import Edit, edits
from fairness_audit.policy.load import load_policies, read_policies
from tests.builders.domain import policy_content


def a_home(folder: Path, **changes: object) -> Path:
    """A home with one policy and its statement."""
    file = folder / "expectations" / "lead_scoring" / "policy.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump(policy_content(model="lead_scoring", **changes)))
    statement = folder / "sql" / "population" / "lead_scoring.sql"
    statement.parent.mkdir(parents=True, exist_ok=True)
    statement.write_text("SELECT 1")
    return folder


def found(before: Path, now: Path) -> list[Edit]:
    return list(edits(read_policies(before / "expectations"), load_policies(now / "expectations")))


def test_what_is_only_run_needs_no_new_audit(tmp_path: Path) -> None:
    before, now = a_home(tmp_path / "a"), a_home(tmp_path / "b")
    assert found(before, now) == [Edit("lead_scoring", "unchanged", "")]
    a_home(now, description="Other words.")
    assert found(before, now) == [
        Edit("lead_scoring", "no new audit", "how it is run has changed")
    ]


def test_what_is_judged_does(tmp_path: Path) -> None:
    before, now = a_home(tmp_path / "a"), a_home(tmp_path / "b")
    (now / "sql" / "population" / "lead_scoring.sql").write_text("SELECT 2")
    (edit,) = found(before, now)
    assert (edit.means, edit.changed) == (
        "audit again", "sql/population/lead_scoring.sql has changed",
    )  # fmt: skip
    a_home(before, window_days=27)
    (edit,) = found(before, now)
    assert edit.changed == "the policy, sql/population/lead_scoring.sql have changed"


def test_a_policy_that_comes_goes_or_could_not_be_read(tmp_path: Path) -> None:
    before, now = a_home(tmp_path / "a"), a_home(tmp_path / "b")
    gone = before / "expectations" / "offer_targeting" / "policy.yaml"
    gone.parent.mkdir()
    gone.write_text(yaml.safe_dump(policy_content(model="offer_targeting")))
    (before / "expectations" / "lead_scoring" / "policy.yaml").write_text("model: [")
    assert [each.means for each in found(before, now)] == ["audit again", "no new audit"]
