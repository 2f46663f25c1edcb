"""What a suite or a population could leave out without anybody noticing."""

import json
from pathlib import Path
from typing import Any

import pytest

from fairness_audit.errors import ValidationError
from fairness_audit.policy.model import AuditPolicy
from fairness_audit.steps.validate.suites import load_suites, refuse_unchecked
from fairness_audit.steps.validate.tables import SMALL_GROUPS, count
from fairness_audit.text import html_safe
from tests import CHECKOUT
from tests.builders.populations import SQL, a_population, policy_over

SHIPPED = CHECKOUT / "expectations" / "lead_scoring"


def shipped(folder: Path) -> Path:
    folder.mkdir()
    for file in SHIPPED.glob("*.json"):
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


def test_an_expectation_with_a_misspelt_severity_is_not_left_out(tmp_path: Path) -> None:
    folder = shipped(tmp_path / "suites")
    suite = json.loads((folder / "quality.json").read_bytes())
    (nan,) = [each for each in suite["expectations"]
              if each["kwargs"].get("defect") == "score_not_finite"]  # fmt: skip
    nan["severity"] = "Critical"
    (folder / "quality.json").write_text(json.dumps(suite))
    with pytest.raises(ValidationError, match=r"quality\.json: expect_decisions_free_of .*'Crit"):
        load_suites(folder)


@pytest.mark.parametrize("kind", ["representation", "label_balance"])
def test_an_attribute_that_no_expectation_is_about_is_an_error(tmp_path: Path, kind: str) -> None:
    folder = shipped(tmp_path / "suites")
    policy = policy_over({"gender": "M", "age_band": "30-49"})
    refuse_unchecked(policy, load_suites(folder), folder)
    file = folder / f"{kind}.json"
    file.write_text(file.read_text().replace('"attribute": "age_band"', '"attribute": "gender"'))
    with pytest.raises(ValidationError, match=rf"{kind}\.json: checks nothing about age_band"):
        refuse_unchecked(policy, load_suites(folder), folder)


def sizes(policy: AuditPolicy, folder: Path, groups: dict[str, int]) -> dict[str, Any]:
    rows = [
        {"attr_gender": group, "selected": True} for group, n in groups.items() for _ in range(n)
    ]
    table = count(policy, a_population(folder, ["attr_gender"], rows), SQL).groups
    return dict(zip(table["attribute_group"], table["decisions"], strict=True))


def test_groups_of_single_people_are_not_named(tmp_path: Path) -> None:
    groups = {"M": 40, "F": 29, "Maria, 0176 555": 1, "Eve": 1, "X": 30, "unknown": 2}
    found = sizes(policy_over({"gender": "F"}), tmp_path, groups)
    # F is named by the policy, as its reference group; X is large enough.
    assert found == {"M": 40, "F": 29, SMALL_GROUPS: 2, "X": 30, "unknown": 2}


def test_long_names_that_begin_alike_are_counted_apart(tmp_path: Path) -> None:
    long = "A" * 70
    found = sizes(policy_over({"gender": "M"}), tmp_path, {f"{long}1": 40, f"{long}2": 50})
    assert found == {html_safe(f"{long}1"): 40, html_safe(f"{long}2"): 50}


def test_names_that_are_shown_alike_are_counted_together(tmp_path: Path) -> None:
    found = sizes(policy_over({"gender": "M"}), tmp_path, {"<b>": 40, "‹b›": 50})
    assert found == {"‹b›": 90}


def test_nobody_is_no_group(tmp_path: Path) -> None:
    assert sizes(policy_over({"gender": "M"}), tmp_path, {}) == {}
