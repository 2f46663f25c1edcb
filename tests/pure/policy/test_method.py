"""What a verdict follows from besides the data: every part counts, and how it is run does not."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from fairness_audit.encoding import digest_of
from fairness_audit.policy.load import KEPT, kept_policy, load_policy
from fairness_audit.policy.method import VERSIONS, Method, judged_part, keep_method, run_digest
from fairness_audit.steps.measure.counting.counts import Counts
from tests.builders.judging import a_rule, gender_policy, judged_counts, measured
from tests.builders.shared_data import CHECKOUT
from tests.pure.policy.test_digest import FIELDS, OTHER, POLICY, replaced

MODEL = "lead_scoring"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home that is a copy of the checkout's."""
    for folder in ("expectations", "sql"):
        shutil.copytree(CHECKOUT / folder, tmp_path / "home" / folder)
    return tmp_path / "home"


def method_in(home: Path) -> Method:
    return load_policy(home / "expectations" / MODEL / "policy.yaml").method


def edited(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


ONLY_RUN = {
    "AuditPolicy.description",
    "AuditPolicy.notify",
    "AuditPolicy.review",  # another owner
    "AuditPolicy.schedule",
    "Gate.sweep",
    "Notify.email",
    "Notify.webhook",
    "ReferencePopulation.source",
    "Review.owner",
    "Review.reviewers",
    "Review.timeout_hours",
    "Schedule.asset",
    "Schedule.cron",
    "Schedule.deadline_hours",
    "Source.connection",
    "Unknown.reason",
}
"""Owner, time, address and texts."""


@pytest.mark.parametrize("name", OTHER)
def test_a_field_is_judged_or_only_run(name: str) -> None:
    field = FIELDS[name]
    other = replaced(POLICY, field.path, OTHER[name])
    assert (judged_part(other) == judged_part(POLICY)) is (name in ONLY_RUN)
    assert name not in ONLY_RUN or run_digest(other) != run_digest(POLICY)


@pytest.mark.parametrize(
    ("file", "part"),
    [
        ("sql/staging/sample/lead.sql", "sql/staging/sample/lead.sql"),
        ("sql/population/lead_scoring.sql", "sql/population/lead_scoring.sql"),
        ("sql/features/lead_scoring.sql", "sql/features/lead_scoring.sql"),
        ("sql/measure/unit_counts.sql", "sql/measure"),
        ("sql/assemble/population.sql", "sql/assemble"),
        ("sql/scoring/inputs.sql", "sql/scoring"),
        ("sql/validate/groups.sql", "sql/validate"),
        ("expectations/lead_scoring/quality.json", "expectations/lead_scoring/quality.json"),
    ],
)
def test_every_file_is_a_part_that_is_named(home: Path, file: str, part: str) -> None:
    before = method_in(home)
    with (home / file).open("a", encoding="utf-8") as content:
        content.write(" ")
    assert method_in(home).changes(before) == [part]
    assert method_in(home).digest != before.digest


def test_a_file_that_is_gone_or_new_is_named(home: Path) -> None:
    before = method_in(home)
    (home / "sql" / "population" / "lead_scoring.sql").unlink()
    (home / "expectations" / MODEL / "another.json").write_text("{}")
    assert method_in(home).changes(before) == [
        "expectations/lead_scoring/another.json",
        "sql/population/lead_scoring.sql",
    ]


def test_files_of_other_models_and_sources_are_no_part(home: Path) -> None:
    before = method_in(home)
    for file in ("sql/population/offer_targeting.sql", "sql/staging/zoho/lead.sql"):
        (home / file).write_text("SELECT 1")
    assert method_in(home) == before


def test_the_policy_is_a_part_of_which_the_words_are_none(home: Path) -> None:
    before = method_in(home)
    file = home / "expectations" / MODEL / "policy.yaml"
    edited(file, "owner: responsible-ai", "owner: somebody-else")
    edited(file, "cron: 0 5 * * 1", "cron: 0 6 * * 1")
    assert method_in(home) == before
    edited(file, "threshold: 4/5", "threshold: 3/5")
    assert method_in(home).changes(before) == ["policy"]


def test_versions_of_what_is_code_are_parts(home: Path) -> None:
    method = method_in(home)
    assert VERSIONS.items() <= method.parts.items()


def test_a_digest_that_is_of_other_parts_is_refused(home: Path) -> None:
    method = method_in(home)
    with pytest.raises(ValueError, match="is not that of its parts"):
        Method(digest=method.digest, parts=method.parts | {"policy": "0" * 64})


def test_a_run_keeps_all_of_it(home: Path, tmp_path: Path) -> None:
    """What is edited afterwards, or was there before, is no part of what the run keeps."""
    run = tmp_path / "run"
    assert kept_policy(run, MODEL) is None
    loaded = load_policy(home / "expectations" / MODEL / "policy.yaml")
    stale = run / KEPT / "sql" / "population" / "stale.sql"
    stale.parent.mkdir(parents=True)
    stale.touch()
    method = keep_method(loaded.policy, loaded.file, run / KEPT)
    assert method == loaded.method
    assert not stale.exists()
    (home / "sql" / "population" / "lead_scoring.sql").write_text("SELECT 1")
    kept = kept_policy(run, MODEL)
    assert kept is not None
    assert kept.method == method
    assert loaded.method.changes(method) == ["sql/population/lead_scoring.sql"]


def _rounded(value: Any) -> Any:
    """Numbers to nine digits: the last ones differ from machine to machine."""
    if isinstance(value, float):
        return f"{value:.9g}"
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    return [_rounded(each) for each in value] if isinstance(value, list | tuple) else value


NUMBERS = ("value", "low", "high", "fail_evidence", "pass_evidence")


def test_a_version_means_what_it_meant() -> None:
    """Where one of these becomes another, so does the version beside it in `VERSIONS`."""
    policy = gender_policy(
        a_rule(),
        a_rule(id="reach", metric="true_positive_rate", compare="difference", threshold="1/10"),
        subgroup_search={"depth": 1, "severity": "fail"},
    )
    counts = {
        "M": Counts(tp=300, fp=200, fn=150, tn=350),
        "F": Counts(tp=200, fp=100, fn=250, tn=450),
    }
    figures = [each.model_dump(mode="json") for each in measured(policy, counts)]
    verdicts = [
        (finding.id, finding.verdict, {name: getattr(finding.evidence, name) for name in NUMBERS})
        for finding in judged_counts(policy, counts).findings
    ]
    found = {
        "metrics": digest_of(_rounded(figures))[:12],
        "verdicts": digest_of(_rounded(verdicts))[:12],
    }
    assert {name: (VERSIONS[name], each) for name, each in found.items()} == {
        "metrics": ("1", "395de49a39c4"),
        "verdicts": ("2", "8b7a03d9374d"),
    }
