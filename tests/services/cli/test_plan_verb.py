"""`fairness-audit plan`, on a ledger and evidence files of its own."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from fairness_audit.cli import printing
from fairness_audit.cli.app import app
from fairness_audit.files import write_bytes
from fairness_audit.ledger.evidence import EvidenceStore
from fairness_audit.ledger.keys import public_pem
from fairness_audit.policy.model import AuditPolicy
from fairness_audit.settings import Settings
from fairness_audit.steps.judge.hindsight import PastAudit
from tests.builders.domain import policy_content
from tests.builders.judging import a_rule, share
from tests.builders.past_audits import audited
from tests.builders.published import SIGNER, a_ledger, appended

ATTRIBUTES = {"gender": {"provenance": "self_id", "reference_group": "M"}}
UNFAIR = {"M": share(100, 200), "F": share(60, 200)}
FAIR = {"M": share(20, 40), "F": share(19, 40)}
GIVEN = ("--decisions-per-week", "80", "--rate", "selection_rate=0.5")
SHARES = ("--share", "gender.F=0.5", "--share", "gender.M=0.5")


def content(**changes: Any) -> dict[str, Any]:
    rules = {"attributes": ATTRIBUTES, "intersections": [], "strata": [], "rules": [a_rule()]}
    return policy_content(**(rules | changes))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation with one policy that nobody was audited by."""
    (tmp_path / "sql").mkdir()
    write_bytes(tmp_path / "keys" / "trusted" / "key.pem", public_pem(SIGNER.public_key))
    policy = tmp_path / "expectations" / "lead_scoring" / "policy.yaml"
    write_bytes(policy, yaml.safe_dump(content()).encode())
    monkeypatch.setenv("FAIRNESS_AUDIT_HOME", str(tmp_path))
    monkeypatch.setenv("FAIRNESS_AUDIT_STATE", str(tmp_path))
    monkeypatch.delenv("FAIRNESS_AUDIT_HEADS", raising=False)
    monkeypatch.delenv("FAIRNESS_AUDIT_LEDGER", raising=False)
    return tmp_path


def publish(home: Path, audits: list[PastAudit]) -> None:
    """Append the records, and keep what they counted."""
    ledger, store = a_ledger(home), EvidenceStore(Settings.from_environment().evidence)
    for record, evidence in audits:
        digest = store.keep(evidence.content) if evidence else None
        fields = {name: getattr(record, name) for name in type(record).model_fields}
        kept = fields | {"evidence_digest": digest}
        appended(
            ledger, **{key: value for key, value in kept.items() if key not in ("seq", "prev")}
        )


def plan(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["plan", "lead_scoring", *arguments])


@pytest.mark.usefixtures("home")
def test_without_an_audit_it_says_what_to_give() -> None:
    result = plan()
    assert result.exit_code == 2
    assert "no audit has counted anything yet (name a file with --sizes, or give" in result.stderr


@pytest.mark.usefixtures("home")
def test_sizes_given_by_hand_fit_80_columns() -> None:
    result = plan(*GIVEN, *SHARES)
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0] == "lead_scoring: 80 decisions a week, as stated; nothing counted yet"
    assert "rule four_fifths: ratio of impact_ratio, limit 4/5" in result.output
    assert "four_fifths, gender F: passes after" in result.output


def test_a_file_states_the_same_as_options(home: Path) -> None:
    sizes = {"decisions_per_week": 80, "rates": {"selection_rate": 0.5}}
    sizes["shares"] = {"gender": {"F": 0.5, "M": 0.5}}
    (home / "sizes.yaml").write_text(yaml.safe_dump(sizes), "utf-8")
    by_file = plan("--sizes", str(home / "sizes.yaml"), "--format", "json")
    by_options = plan(*GIVEN, *SHARES, "--format", "json")
    assert json.loads(by_file.stdout) == json.loads(by_options.stdout)
    assert {each["now"] for each in json.loads(by_file.stdout)} == {"too few"}


def test_sizes_are_those_of_the_newest_audit(home: Path) -> None:
    publish(home, audited(AuditPolicy.model_validate(content()), [FAIR] * 6))
    rows = list(csv.DictReader(io.StringIO(plan("--format", "csv").stdout)))
    assert {row["now"] for row in rows} == {"open"}
    assert {row["per_unit"] for row in rows} == {"40.0"}
    passes = next(row for row in rows if (row["verdict"], row["if_true"]) == ("pass", "1.0"))
    assert passes["holds_gate"] == "True"
    assert passes["by"] > "2026-01-01"
    assert float(passes["probability"]) >= 0.8
    shown = plan()
    assert "after 6 weeks of evidence" in shown.output
    assert f"(an audit of {passes['by']})" in shown.output.replace("\n    ", " ")


def test_the_plan_says_what_the_newest_audit_said(home: Path) -> None:
    """The judge prints by when an open finding is settled; the plan the same day and share."""
    audits = audited(AuditPolicy.model_validate(content()), [FAIR] * 6)
    publish(home, audits)
    evidence = audits[-1].record.findings[0].evidence
    rows = json.loads(plan("--format", "json").stdout)
    assert evidence.settled_by is not None
    assert (rows[0]["by"], rows[0]["probability"]) == (
        evidence.settled_by.isoformat(),
        evidence.settled_with,
    )


def test_of_a_group_of_few_it_tells_no_more_than_the_judge(home: Path) -> None:
    few = content(min_group_size=300)
    write_bytes(home / "expectations/lead_scoring/policy.yaml", yaml.safe_dump(few).encode())
    audits = audited(AuditPolicy.model_validate(few), [FAIR] * 6)
    publish(home, audits)
    evidence = audits[-1].record.findings[0].evidence
    row = json.loads(plan("--format", "json").stdout)[0]
    assert (row["now"], row["per_unit"]) == ("too few", None)
    assert evidence.settled_by is not None
    assert (row["by"], row["probability"]) == (
        evidence.settled_by.isoformat(),
        evidence.settled_with,
    )
    assert int(row["by"][5:7]) % 3 == 1
    shown = " ".join(plan().output.split())
    assert f"≤ {row['units']} ({100 * row['probability']:.0f} %)" in shown
    assert f"passes within {row['units']} weeks (an audit of {row['by']}) with at least" in shown


def test_slow_work_says_how_far_it_is(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(printing, "PROGRESS_SECONDS", 0.0)
    two = content(rules=[a_rule(), a_rule(id="rest", against="rest")])
    write_bytes(home / "expectations/lead_scoring/policy.yaml", yaml.safe_dump(two).encode())
    result = plan(*GIVEN, *SHARES, "--format", "json")
    assert (
        result.stderr == "1 of 3 groups and rules looked at\n2 of 3 groups and rules looked at\n"
    )
    assert json.loads(result.stdout)


def test_failures_that_another_policy_would_lose_are_listed(home: Path) -> None:
    publish(home, audited(AuditPolicy.model_validate(content()), [UNFAIR] * 6))
    other = home / "looser.yaml"
    other.write_text(yaml.safe_dump(content(rules=[a_rule(threshold="1/2")])), "utf-8")
    asked = ("--policy", str(other), "--since", "2025-01-01")
    shown = plan(*asked)
    assert shown.exit_code == 1, shown.output
    assert max(map(len, shown.output.splitlines())) <= 80
    assert "6 audits judged again: in" in shown.output
    rows = json.loads(plan(*asked, "--format", "json").stdout)
    assert {(row["rule"], row["group"]) for row in rows} == {("four_fifths", "F"), (None, None)}
    assert {row["was"] for row in rows} >= {"fail"}
    assert all(row["becomes"] != "fail" for row in rows)


def test_the_own_policy_would_change_nothing(home: Path) -> None:
    publish(home, audited(AuditPolicy.model_validate(content()), [UNFAIR] * 4))
    own = home / "expectations" / "lead_scoring" / "policy.yaml"
    shown = plan("--policy", str(own), "--since", "2025-01-01")
    assert shown.exit_code == 0, shown.output
    assert "4 audits judged again: in 0 something would change" in shown.output


def test_an_evidence_file_that_was_altered_ends_it(home: Path) -> None:
    publish(home, audited(AuditPolicy.model_validate(content()), [UNFAIR] * 2))
    file = next((home / "evidence").glob("*.json"))
    file.write_bytes(file.read_bytes().replace(b"100", b"101"))
    own = home / "expectations" / "lead_scoring" / "policy.yaml"
    shown = plan("--policy", str(own), "--since", "2025-01-01")
    assert shown.exit_code == 1
    assert "was altered" in shown.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--since", "2026-01-01"), "--since: judges past audits by --policy FILE"),
        ((*GIVEN, "--version", "1"), "--version: with sizes given by hand there is none"),
        (("--decisions-per-week", "0"), "decisions_per_week: 0.0 is no number above 0"),
        (("--decisions-per-week", "9", "--rate", "x=1"), "rates.x: unknown"),
        (("--decisions-per-week", "9", "--rate", "x"), "--rate x: is no NAME=SHARE"),
        (("--decisions-per-week", "9"), "rates.selection_rate: missing"),
        (GIVEN, "shares.gender: missing (state each group's share)"),
        ((*GIVEN, "--share", "age.F=0.1"), "shares.age: no grouping of the policy"),
        ((*GIVEN, *SHARES, "--share", "gender.X=0.1"), "the shares of gender come to more"),
        ((*GIVEN, *SHARES, "--rate", "base_rate=0.9", "--rate", "true_positive_rate=0.9"),
         "no decisions have these rates"),
        (("--version", "7"), "lead_scoring version 7: no audit has counted anything yet"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("home")
def test_what_cannot_be_used_is_named(arguments: tuple[str, ...], said: str) -> None:
    result = plan(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr
