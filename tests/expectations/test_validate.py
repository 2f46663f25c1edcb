"""The suites over whole populations: what passes, what does not, and what reaches the pages."""

import json
import logging
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from fairness_audit.errors import ValidationError
from fairness_audit.policy.load import load_policies
from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.validation import Check, ValidationReport
from fairness_audit.site.data_docs import offline
from fairness_audit.steps.validate import validate
from fairness_audit.steps.validate.suites import KINDS, load_suites, parameters_of
from tests import CHECKOUT
from tests.builders.populations import SQL, Row, a_population, policy_over

HOSTILE = "<img src=x onerror=alert(1)>"
CANARY = "canary-7f3a"

ENOUGH = {"type": "expect_enough", "kwargs": {"what": "decisions", "minimum": 1}}
UNKNOWN = {"type": "expect_magic", "kwargs": {}}
MISFIT = {"type": "expect_enough", "kwargs": {"what": "decisions", "minimum": 1, "shoes": 1}}
THEIRS = {
    "type": "expect_column_max_to_be_between",
    "kwargs": {"column": "decisions", "min_value": 1},
}
SUITE_WITH_UNKNOWN = json.dumps({"name": "x", "expectations": [ENOUGH, UNKNOWN]})
SUITE_WITH_MISFIT = json.dumps({"name": "x", "expectations": [ENOUGH, MISFIT]})
SUITE_THAT_SHOWS_COUNTS = json.dumps({"name": "x", "expectations": [ENOUGH, THEIRS]})


def a_gender_policy(*groups: str) -> AuditPolicy:
    share = f"1/{len(groups)}"
    policy = policy_over({"gender": groups[0]}).model_dump(mode="json", by_alias=True)
    policy["attributes"]["gender"]["reference_population"] = {
        "source": "a balanced population",
        "dated": "2026-01-01",
        "expires": "2036-01-01",
        "shares": dict.fromkeys(groups, share),
    }
    return AuditPolicy.model_validate(policy)


def people(*groups: str, each: int = 60, **values: Any) -> list[Row]:
    """As many of every group; every third is selected, every fourth has a positive outcome."""
    return [
        {
            "attr_gender": group,
            "selected": number % 3 == 0,
            "outcome": number % 4 == 0,
            "score": (number % 10) / 10,
        }
        | values
        for group in groups
        for number in range(each)
    ]


@pytest.fixture
def suites(tmp_path: Path) -> Path:
    """The suites of the shipped lead scoring audit, about gender alone."""
    folder = tmp_path / "suites"
    folder.mkdir()
    for kind in KINDS:
        suite = json.loads((CHECKOUT / f"expectations/lead_scoring/{kind}.json").read_text())
        suite["expectations"] = [
            each
            for each in suite["expectations"]
            if each["kwargs"].get("attribute", "gender") == "gender"
        ]
        (folder / f"{kind}.json").write_text(json.dumps(suite))
    return folder


Validated = Callable[..., ValidationReport]


@pytest.fixture
def validated(tmp_path: Path, suites: Path) -> Validated:
    def run(
        rows: list[Row], policy: AuditPolicy | None = None, **changes: Any
    ) -> ValidationReport:
        population = a_population(tmp_path, ["attr_gender"], rows).model_copy(update=changes)
        return validate(
            policy or a_gender_policy("M", "F"),
            population,
            suites=suites,
            sql=SQL,
            docs=tmp_path / "docs",
        )

    return run


def failed(report: ValidationReport) -> set[tuple[str, str | None]]:
    return {(check.expectation, check.group) for check in report.checks if not check.passed}


def test_a_balanced_population_passes_every_check(validated: Validated) -> None:
    report = validated(people("M", "F"))
    assert failed(report) == set()
    assert {check.kind for check in report.checks} == set(KINDS)
    assert report.data_docs.is_file()


def test_the_engine_says_nothing_of_its_files_and_stores(
    validated: Validated, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    validated(people("M", "F"))
    assert [each for each in caplog.records if each.name.startswith("great_expectations")] == []


def test_an_under_represented_group_is_named(validated: Validated) -> None:
    report = validated(people("M", each=200) + people("F", each=40))
    (check,) = [check for check in report.checks if not check.passed]
    assert (check.kind, check.attribute, check.group) == ("representation", "gender", "F")
    assert "F has only 17 %" in check.sentence


def test_unbalanced_labels_are_named(validated: Validated) -> None:
    report = validated(people("M", outcome=True) + people("F", outcome=False))
    assert failed(report) == {("expect_balanced_labels", "M"), ("expect_balanced_labels", "F")}


@pytest.mark.parametrize(
    ("rows", "expectation"),
    [
        ([], "expect_enough"),
        (people("M", "F", outcome=None), "expect_enough"),
        (people("M", "F", score=float("nan")), "expect_decisions_free_of"),
        (people("M", "F", score=float("-inf")), "expect_decisions_free_of"),
        (people("M", "F", score=1.01), "expect_decisions_free_of"),
        (people("M"), "expect_groups_to_be_represented"),
        (people("unknown"), "expect_group_to_be_known"),
    ],
    ids=["empty", "no outcome", "NaN", "infinite", "above 1", "one group", "nobody known"],
)
def test_faulty_data_is_a_check_that_does_not_pass(
    validated: Validated, rows: list[Row], expectation: str
) -> None:
    report = validated(rows)
    assert expectation in {name for name, _ in failed(report)}


def test_every_score_defect_is_critical(validated: Validated) -> None:
    report = validated(people("M", "F", score=float("inf")))
    (check,) = [check for check in report.checks if not check.passed]
    assert check.severity == "critical"
    assert check.sentence == (
        "100 % of the decisions have a score that is not a number or infinite."
    )
    assert check.limit is None


def test_a_share_of_people_is_passed_on_with_its_limit(validated: Validated) -> None:
    found = {
        (check.expectation, check.group): (check.limit, check.stated)
        for check in validated(people("M", "F")).checks
        if check.limit is not None
    }
    assert found == {
        ("expect_groups_to_be_represented", "F"): ("4/5", "1/2"),
        ("expect_groups_to_be_represented", "M"): ("4/5", "1/2"),
        ("expect_group_to_be_known", None): ("1/2", None),
        ("expect_balanced_labels", "F"): ("1/10", None),
        ("expect_balanced_labels", "M"): ("1/10", None),
    }


# --- suites -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such suite"),
        ("{", "not a suite"),
        ('{"name": "x", "expectations": []}', "has no expectation"),
        (SUITE_WITH_UNKNOWN, "expect_magic is no known expectation"),
        (SUITE_WITH_MISFIT, "not a suite: .*shoes"),
        (SUITE_THAT_SHOWS_COUNTS, "expect_column_max_to_be_between shows the counts"),
    ],
)
def test_a_suite_that_cannot_run_is_an_error_that_names_it(
    suites: Path, kind: str, content: str | None, message: str
) -> None:
    file = suites / f"{kind}.json"
    file.unlink()
    if content is not None:
        file.write_text(content)
    with pytest.raises(ValidationError, match=f"(?s){message}") as caught:
        load_suites(suites)
    assert str(file) in str(caught.value)


def test_a_parameter_that_the_policy_does_not_state_is_an_error(
    validated: Validated, suites: Path
) -> None:
    file = suites / "representation.json"
    file.write_text(file.read_text().replace("gender_reference_shares", "shoe_shares"))
    with pytest.raises(ValidationError, match=r"representation\.json: .*shoe_shares.*states gen"):
        validated(people("M", "F"))


def test_the_shipped_suites_cover_every_attribute_of_their_policy() -> None:
    for loaded in load_policies(CHECKOUT / "expectations"):
        suites = load_suites(loaded.file.parent)
        stated = parameters_of(loaded.policy)
        for kind in ("representation", "label_balance"):
            attributes = {each.attribute for each in suites[kind].expectations}
            assert attributes == set(loaded.policy.attributes), f"{loaded.file.parent}/{kind}"
        text = (loaded.file.parent / "representation.json").read_text()
        named = set(re.findall(r'"\$PARAMETER": "([^"]+)"', text))
        assert named <= set(stated)


# --- pages --------------------------------------------------------------------------------------


class Elements(HTMLParser):
    """The elements of a page that could run, load or submit something."""

    def __init__(self) -> None:
        super().__init__()
        self.images: list[str] = []
        self.handlers: list[str] = []
        self.loaded: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = dict(attributes)
        if tag == "img":
            self.images.append(found.get("src") or "")
        self.handlers += [value or "" for name, value in attributes if name.startswith("on")]
        if tag in {"script", "link", "img", "iframe", "object", "embed", "form"}:
            self.loaded += [found[key] or "" for key in ("src", "href", "action") if key in found]


def pages_of(docs: Path) -> list[Path]:
    pages = sorted(docs.rglob("*.html"))
    assert len(pages) == 8  # overview, audit, and per suite the suite and its validation
    return pages


def test_no_page_loads_anything_from_elsewhere(validated: Validated) -> None:
    docs = validated(people("M", "F")).data_docs.parents[2]
    for page in pages_of(docs):
        elements = Elements()
        elements.feed(page.read_text(encoding="utf-8"))
        for address in elements.loaded:
            assert not re.match(r"[a-z]+:|//", address), f"{page.name} loads {address}"
            assert (page.parent / address).is_file(), f"{page.name} lacks {address}"
        assert "Content-Security-Policy" in page.read_text(encoding="utf-8")


def test_every_link_leads_somewhere(validated: Validated) -> None:
    docs = validated(people("M", "F")).data_docs.parents[2]
    for page in pages_of(docs):
        for address in re.findall(r'<a\b[^>]*href="([^"#]+)"', page.read_text(encoding="utf-8")):
            assert (page.parent / address).is_file(), f"{page}: {address}"


def test_group_names_that_hold_markup_stay_text(validated: Validated) -> None:
    policy = a_gender_policy("M", HOSTILE, "${gender}", "');DROP TABLE x;--")
    report = validated(people(*policy.attributes["gender"].reference_population.shares), policy)
    assert failed(report) == set()
    for page in pages_of(report.data_docs.parents[2]):
        elements = Elements()
        elements.feed(page.read_text(encoding="utf-8"))
        assert elements.images == []
        assert set(elements.handlers) <= {"showAllValidations()", "hideSucceededValidations()"}


def test_no_value_of_a_person_reaches_the_site(validated: Validated) -> None:
    rows = [dict(row, subject_id=CANARY, decision_id=f"{CANARY}-{number}")
            for number, row in enumerate(people("M", "F", score=7.125))]  # fmt: skip
    report = validated(rows)
    assert ("expect_decisions_free_of", None) in failed(report)
    for file in report.data_docs.parents[2].rglob("*"):
        if file.is_file() and "assets" not in file.parts:
            text = file.read_text(encoding="utf-8")
            assert CANARY not in text, file
            assert "7.125" not in text, file


def test_an_audit_run_again_replaces_its_pages_and_keeps_the_others(validated: Validated) -> None:
    validated(people("M", "F"), digest="a" * 64)
    validated(people("M", "F"), digest="b" * 64)
    docs = validated(people("M", "F"), digest="a" * 64).data_docs.parents[2]
    assert sorted(path.name for path in (docs / "lead_scoring").iterdir()) == [
        "1-aaaaaaaaaaaa",
        "1-bbbbbbbbbbbb",
    ]
    assert "2 audited populations" in (docs / "index.html").read_text(encoding="utf-8")


def test_a_hostile_version_stays_inside_the_site(validated: Validated, tmp_path: Path) -> None:
    report = validated(people("M", "F"), model_version=f"../../{HOSTILE}")
    assert (tmp_path / "docs" / "lead_scoring") in report.data_docs.parents
    overview = (tmp_path / "docs" / "index.html").read_text(encoding="utf-8")
    assert HOSTILE not in overview
    assert "&lt;img src=x" in overview


def test_an_unmapped_address_is_refused_rather_than_published() -> None:
    with pytest.raises(ValidationError, match=r"cdn\.example/new\.js"):
        offline('<head></head><script src="https://cdn.example/new.js"></script>', "assets")


def test_checks_pass_the_door_unchanged(validated: Validated) -> None:
    report = validated(people("M", "F"))
    passed_on = json.loads(json.dumps(report.model_dump(mode="json")))
    assert ValidationReport.model_validate(passed_on) == report
    assert all(isinstance(check, Check) for check in report.checks)


def test_the_vendored_files_come_with_their_licences() -> None:
    vendor = CHECKOUT / "plugins" / "fairness_audit" / "site" / "vendor"
    assert len(list((vendor / "licences").iterdir())) == 6
