"""A policy is read strictly, and every fault of every file is reported at once."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from fairness_audit.errors import PolicyError
from fairness_audit.policy.fractions import parse_fraction
from fairness_audit.policy.load import load_policies, load_policy
from fairness_audit.policy.model import FailsOn, Sides
from fairness_audit.policy.schema import FILE_NAME, schema_text
from tests import CHECKOUT
from tests.builders.domain import policy_content

Written = Callable[..., Path]

CENSUS: dict[str, Any] = {
    "source": "census",
    "dated": date(2021, 6, 30),
    "expires": date(2031, 6, 30),
    "shares": {"F": "1/2", "M": "1/2"},
}


GATE, (RULE,) = policy_content()["gate"], policy_content()["rules"]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """Write a policy file, whole or as text, and return its path."""

    def write(content: dict[str, Any] | str, model: str = "lead_scoring") -> Path:
        file = tmp_path / model / "policy.yaml"
        file.parent.mkdir(exist_ok=True)
        text = content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False)
        file.write_text(text, encoding="utf-8")
        return file

    return write


def faults_of(file: Path) -> list[str]:
    with pytest.raises(PolicyError) as caught:
        load_policy(file)
    return [f"{fault.field}: {fault.fault}" for fault in caught.value.faults]


def test_a_valid_policy_is_read_with_exact_thresholds(written: Written) -> None:
    policy = load_policy(written(policy_content())).policy
    assert policy.rules[0].threshold == Fraction(4, 5)
    assert policy.error_rate.alpha == Fraction(1, 20)
    assert (policy.rules[0].sides, policy.rules[0].fails_on) == (Sides.BOTH, FailsOn.LIMIT)
    assert policy.gate.smallest_share == 0
    assert policy.groupings["gender*age_band"] == ("gender", "age_band")
    assert policy.reference_of("gender*age_band") == "M * 30-49"


def test_until_when_a_version_was_trained_is_a_moment_of_one_clock(written: Written) -> None:
    trained = {"3": "2026-01-05T01:00:00+01:00"}
    content = policy_content(evidence={"unit": "day", "trained_until": trained})
    evidence = load_policy(written(content)).policy.evidence
    assert evidence.unit == "day"
    assert evidence.trained_until == {"3": datetime(2026, 1, 5, tzinfo=UTC)}


def test_the_digest_ignores_spelling_and_sees_content(written: Written) -> None:
    first = load_policy(written(policy_content())).digest
    shuffled = dict(reversed(policy_content().items()))
    shuffled["rules"][0]["threshold"] = "8/10"
    assert load_policy(written("# a comment\n" + yaml.safe_dump(shuffled))).digest == first
    assert load_policy(written(policy_content(min_group_size=31))).digest != first


def test_all_faults_of_all_files_come_at_once(tmp_path: Path, written: Written) -> None:
    content = policy_content(atributes={}, intersections=[["gender", "shoe_size"]])
    content["rules"].append(dict(content["rules"][0], metric="tpr", threshold=0.8))
    del content["review"]
    written(content)
    written(policy_content(model="other", favourable="perhaps"), model="other")
    with pytest.raises(PolicyError) as caught:
        load_policies(tmp_path)
    fields = [(fault.file.parent.name, fault.field) for fault in caught.value.faults]
    assert sorted(fields) == [
        ("lead_scoring", "atributes"),
        ("lead_scoring", "intersections.0"),
        ("lead_scoring", "review"),
        ("lead_scoring", "rules.0.id"),
        ("lead_scoring", "rules.1.id"),
        ("lead_scoring", "rules.1.metric"),
        ("lead_scoring", "rules.1.threshold"),
        ("other", "favourable"),
    ]


def test_a_fault_names_file_line_field_and_cure(written: Written) -> None:
    text = yaml.safe_dump(policy_content(), sort_keys=False).replace("favourable:", "favorable:")
    file = written(text)
    line = text.splitlines().index("favorable: selected") + 1
    with pytest.raises(PolicyError) as caught:
        load_policy(file)
    message = str(caught.value)
    assert f"{file}:{line}: favorable: Extra inputs are not permitted" in message
    assert "did you mean 'favourable'?" in message


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"window_days": 0}, "window_days: Input should be greater than or equal to 1"),
        ({"schedule": {}}, "schedule: write either cron or asset"),
        ({"schedule": {"cron": "0 5 * *"}}, "schedule.cron: '0 5 * *' is not a cron expression"),
        ({"model": "other"}, "model: the model 'other' lies in the folder 'lead_scoring'"),
        ({"rules": []}, "rules: Tuple should have at least 1 item"),
        ({"error_rate": {"alpha": "1/2"}}, "error_rate.alpha: alpha 1/2 must lie in (0, 1/4]"),
        ({"error_rate": {"audits": 52}}, "error_rate.audits: Extra inputs are not permitted"),
        ({"error_rate": {"period_days": 364}}, "error_rate.period_days: Extra inputs"),
        ({"error_rate": {"family": "holm"}}, "error_rate.family: Extra inputs"),
        ({"gate": GATE | {"smallest_share": "3/5"}}, "gate.smallest_share: smallest_share 3/5"),
        ({"rules": [RULE | {"sides": "low"}]}, "rules.0.sides: Input should be 'both' or 'harm'"),
        ({"rules": [RULE | {"fails_on": "p"}]}, "rules.0.fails_on: Input should be 'limit' or"),
        ({"evidence": {"unit": "month"}}, "evidence.unit: Input should be 'day' or 'week'"),
        (
            {"evidence": {"trained_until": {"1": "2026-01-05T00:00:00"}}},
            "evidence.trained_until.1: Input should have timezone info",
        ),
    ],
)
def test_single_faults(written: Written, changes: dict[str, Any], fault: str) -> None:
    assert any(found.startswith(fault) for found in faults_of(written(policy_content(**changes))))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"reference_group": "unknown"}, "'unknown' cannot be the reference group"),
        (
            {"reference_population": CENSUS | {"shares": {"M": "1/2", "F": "1/3"}}},
            "the shares sum to 5/6",
        ),
        (
            {"reference_population": CENSUS | {"shares": {"F": "1/2", "X": "1/2"}}},
            "reference_group 'M' has no share in reference_population",
        ),
        (
            {"reference_population": CENSUS | {"expires": date(2021, 6, 30)}},
            "expires 2021-06-30 must come after the date of the shares, 2021-06-30",
        ),
        (
            {"reference_population": {"source": "s", "shares": CENSUS["shares"]}},
            "attributes.gender.reference_population.dated: Field required",
        ),
    ],
)
def test_faults_of_an_attribute(written: Written, change: dict[str, Any], fault: str) -> None:
    content = policy_content()
    content["attributes"]["gender"] |= change
    assert any(fault in found for found in faults_of(written(content)))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("model: [", "not valid YAML"),
        ("model: a\nmodel: b\n", "the key is given twice"),
        ("a: &x 1\nb: *x\n", "aliases are refused"),
        ("- just\n- a list\n", "is not a mapping of fields"),
        ("", "is not a mapping of fields"),
        ("!!python/object/apply:os.system ['true']", "not valid YAML"),
        ("x: " + "y" * 300_000, "larger than 256 KiB"),
    ],
)
def test_files_that_are_no_policy(written: Written, text: str, fault: str) -> None:
    assert any(fault in found for found in faults_of(written(text)))


def test_a_file_that_is_not_text_is_a_fault(written: Written) -> None:
    file = written("")
    file.write_bytes(b"\xff\xfe\x00")
    assert any("cannot be read" in found for found in faults_of(file))


def test_no_policy_at_all_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="no policy found"):
        load_policies(tmp_path)


def test_the_line_of_a_field_is_known(written: Written) -> None:
    loaded = load_policy(written(policy_content()))
    lines = loaded.file.read_text().splitlines()
    line = loaded.line_of("source", "objects", "score_log", "columns", 2)
    assert lines[line - 1].strip() == "- decided_at"


@given(st.fractions(min_value=-9, max_value=9, max_denominator=10**6))
def test_fractions_are_read_as_they_are_written(fraction: Fraction) -> None:
    assert parse_fraction(str(fraction)) == fraction


@pytest.mark.parametrize("written_as", [0.8, "0.8", "80%", "4/0", "4 / 5", True, None, "1e-1"])
def test_what_is_not_an_exact_fraction_is_refused(written_as: object) -> None:
    with pytest.raises(ValueError, match="not an exact fraction"):
        parse_fraction(written_as)


def test_the_schema_for_editors_is_in_step() -> None:
    assert (CHECKOUT / "expectations" / FILE_NAME).read_text(encoding="utf-8") == schema_text()


def as_editors_read(text: str) -> Any:
    """YAML 1.2 has no dates: to an editor they are text."""
    return json.loads(json.dumps(yaml.safe_load(text), default=str))


def test_the_schema_accepts_the_shipped_policies_and_refuses_unknown_keys() -> None:
    import jsonschema

    schema = json.loads(schema_text())
    for file in sorted((CHECKOUT / "expectations").glob("*/policy.yaml")):
        content = as_editors_read(file.read_text(encoding="utf-8"))
        jsonschema.validate(content, schema)
        with pytest.raises(jsonschema.ValidationError, match="surprise"):
            jsonschema.validate(content | {"surprise": 1}, schema)


def test_who_is_asked_and_told_may_change_without_another_audit(written: Written) -> None:
    before = load_policy(written(policy_content())).digest
    told = policy_content(
        review={"owner": "responsible-ai", "reviewers": ["ada", "grace"], "timeout_hours": 24},
        notify={"email": ["ai@example.org"], "webhook": "chat"},
        schedule={"cron": "0 5 * * 1", "deadline_hours": 2},
    )
    loaded = load_policy(written(told))
    assert loaded.digest == before
    assert loaded.policy.review.reviewers == ("ada", "grace")
    assert loaded.policy.notify.email == ("ai@example.org",)


@pytest.mark.parametrize(
    "review", [{"approvals": 2}, {"waiver_max_days": 30}, {"owner": "somebody-else"}]
)
def test_what_lets_a_version_through_may_not(written: Written, review: dict[str, Any]) -> None:
    before = load_policy(written(policy_content())).digest
    changed = policy_content(review={"owner": "responsible-ai"} | review)
    assert load_policy(written(changed)).digest != before


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        (
            {"review": {"owner": "team", "approvals": 2, "reviewers": ["ada", "Ada"]}},
            "review: 1 different reviewers cannot give 2 approvals",
        ),
        ({"review": {"owner": "team", "waiver_max_days": 0}}, "review.waiver_max_days: Input"),
        ({"notify": {"email": ["a@b.org\nBcc: c@d.org"]}}, "notify.email.0: String should match"),
        ({"notify": {"webhook": "https://chat"}}, "notify.webhook: String should match"),
    ],
)
def test_faults_about_people(written: Written, changes: dict[str, Any], fault: str) -> None:
    assert any(found.startswith(fault) for found in faults_of(written(policy_content(**changes))))
