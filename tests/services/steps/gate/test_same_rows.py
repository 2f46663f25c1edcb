"""No sequence of audits over the same rows turns a fail into a pass, whatever else is asked.

From the judge to the registry's alias nothing is made up but the counts: a ledger in SQLite or
PostgreSQL, evidence files, signed records and heads, and versions in an MLflow registry.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from fairness_audit.records.finding import Finding, Verdict
from fairness_audit.records.signed.audit import AuditRecord
from fairness_audit.records.validation import Check
from fairness_audit.registry.direct import DirectRegistry
from fairness_audit.steps.measure.counting.counts import Counts
from tests.builders.auditor import WEEK, AnAudit, Auditor
from tests.builders.evidence import AS_OF, ByGroup
from tests.builders.judging import a_check, a_rule, share
from tests.builders.published import MODEL, an_approval
from tests.servers.postgres import fresh_database


def labelled(positive: int, negative: int, selected: int, alarms: int) -> Counts:
    """So many of each outcome, and how many of them are selected."""
    return Counts(tp=selected, fn=positive - selected, fp=alarms, tn=negative - alarms)


ALIKE = labelled(100, 200, 60, 60)
FAIR = {"M": ALIKE, "F": ALIKE}
BAD = {"M": labelled(100, 200, 20, 100), "F": labelled(25, 50, 2, 10)}
UNLABELLED = {"M": share(120, 300), "F": share(120, 300)}
ROWS = [FAIR, BAD, BAD, BAD]
"""Four weeks, in which women are too few and selected too rarely, and the score is inverted."""
REPRESENTED = a_check(
    kind="representation", expectation="expect_women", attribute="gender", group="F", limit="4/5",
    stated="1/2", passed=False, sentence="Few are women.",
)  # fmt: skip
RULE = "four_fifths/impact_ratio/gender/F/M"
FAILURES = {RULE, "polarity/true_positive_rate/-/-/-", "expect_women/-/gender/F/-"}
FIRST = AS_OF - 20 * WEEK
ALIAS = "champion"
PEOPLE = ("ada", "grace", "edsger")
ELSEWHERE = {"fair": [FAIR] * 8, "not": ROWS}

OTHER_POLICIES = [
    {"rules": [a_rule(inconclusive="allow")]},
    {"rules": [a_rule(threshold="1/5", inconclusive="allow")]},
    {"rules": [a_rule(severity="warn")]},
    {"rules": [a_rule(id="renamed", inconclusive="allow")]},
    {"min_group_size": 100_000, "rules": [a_rule(inconclusive="allow")]},
]
"""What somebody may ask instead who wants the version through."""


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> DirectRegistry:
    """Two versions of lead scoring in an MLflow registry."""
    folder = tmp_path_factory.mktemp("registry")
    made = DirectRegistry(f"sqlite:///{folder / 'mlflow.db'}")
    client = made._client
    client.create_registered_model(MODEL)
    for version in ("1", "2"):
        source = folder / version
        source.mkdir()
        (source / "MLmodel").write_text(f"version {version}\n")
        client.create_model_version(MODEL, source.as_uri())
    return made


class Life:
    """Version 1 failed. What is done then, and whether it stays so."""

    def __init__(self, auditor: Auditor) -> None:
        self.auditor = auditor
        self.only_asked = True
        self.told: dict[Any, list[Finding]] = {}
        self.last = FIRST
        self.elsewhere: list[AuditRecord] = []
        self.checks: Sequence[Check] = (REPRESENTED,)
        auditor.registry.demote(MODEL, "1", ALIAS)
        self.newest = self.audit(ROWS, FIRST)

    def audit(self, weeks: Sequence[ByGroup], as_of: datetime, **changes: Any) -> AuditRecord:
        checks = a_check(), *self.checks
        record = self.auditor.audit(AnAudit(weeks, as_of=as_of, checks=checks, **changes))
        if record.model_version != "1" or record.is_simulated:
            self.elsewhere.append(record)
            return record
        self.check_same(record)
        if as_of >= self.last:
            self.last, self.newest = as_of, record
        return record

    def check_same(self, record: AuditRecord) -> None:
        """What is found of the same units is the same, bit by bit, as long as they are."""
        assert record.basis is not None
        found = [each for each in record.findings if each.kind != "evidence"]
        if self.only_asked:
            assert self.told.setdefault((record.basis.first, record.basis.last), found) == found

    # --- what is done ---------------------------------------------------------------------------

    def again(self, data: st.DataObject) -> None:
        """The very same audit, or one of the same rows, read once more."""
        self.audit(ROWS, self.last, read=data.draw(st.sampled_from(["once", "twice"])))

    def another_moment(self, data: st.DataObject) -> None:
        """As of an earlier or a later moment, over all of the rows or some."""
        begin = data.draw(st.integers(0, 2))
        end = data.draw(st.integers(begin + 1, len(ROWS)))
        days = data.draw(st.integers(-30, 30))
        # As of before its first units were counted a version's evidence begins with others.
        self.only_asked &= begin == 0 or days >= 0
        self.audit(ROWS[begin:end], FIRST + timedelta(days=days), skip=begin)

    def another_version(self, data: st.DataObject) -> None:
        """Version 2, which is fair or not."""
        self.audit(
            ELSEWHERE[data.draw(st.sampled_from([*ELSEWHERE]))], self.last + WEEK, version="2"
        )

    def candidate(self, data: st.DataObject) -> None:
        """What version 1 would have decided, had it been in the place of version 2."""
        weeks_later = data.draw(st.integers(-1, 1))
        self.audit(
            ELSEWHERE[data.draw(st.sampled_from([*ELSEWHERE]))],
            self.last + weeks_later * WEEK,
            in_place_of="2",
        )

    def amended(self, data: st.DataObject) -> None:
        """Old rows were corrected, so that less is seen of what failed, or nothing at all."""
        self.only_asked = False
        corrected = [FAIR, UNLABELLED][data.draw(st.integers(0, 1))]
        better = data.draw(st.sets(st.integers(1, 3), min_size=1))
        weeks = [corrected if at in better else week for at, week in enumerate(ROWS)]
        self.audit(weeks, self.last + WEEK)

    def another_policy(self, data: st.DataObject) -> None:
        """Something milder is asked, and by that the version is audited."""
        self.only_asked = False
        self.auditor.ask_by(**data.draw(st.sampled_from(OTHER_POLICIES)))
        self.checks = (REPRESENTED,) if data.draw(st.booleans()) else ()
        self.audit(ROWS, self.last + timedelta(hours=1))

    def too_few_people(self, data: st.DataObject) -> None:
        """One person waives, or three approve, which lets no failure through."""
        ways = [("waive", PEOPLE[:1]), ("approve", PEOPLE)]
        self.decided(self.newest, *data.draw(st.sampled_from(ways)))

    def people_elsewhere(self, data: st.DataObject) -> None:
        """Three waive all that stands against another version, or against the candidate."""
        failed = [each for each in self.elsewhere if each.obstacles]
        if failed:
            self.decided(data.draw(st.sampled_from(failed)), "waive", PEOPLE)

    def decided(self, audit: AuditRecord, decision: str, by: Sequence[str]) -> None:
        findings = tuple(each.id for each in audit.obstacles)
        approvals = tuple(an_approval(name) for name in by)
        self.auditor.review(audit, decision=decision, findings=findings, approvals=approvals)

    # --- what becomes of it ---------------------------------------------------------------------

    def stands(self) -> set[str]:
        """What blocks it of what failed, which nobody let through; and it is not in production."""
        decision = self.auditor.gated()
        assert decision.decision == "block"
        assert self.promoted != "1"
        return {
            each.finding
            for each in decision.obstacles
            if each.finding in FAILURES and each.open and each.verdict is Verdict.FAIL
        }

    @property
    def promoted(self) -> str | None:
        target: str | None = self.auditor.registry.alias_target(MODEL, ALIAS)
        return target

    @property
    def failed(self) -> list[AuditRecord]:
        """What people must waive: what its decisions failed by, and the candidate if it did."""
        simulated = [each for each in self.elsewhere if each.is_simulated]
        newest = sorted(simulated, key=lambda each: (each.logical_date, each.seq))[-1:]
        return [each for each in (self.newest, *newest) if each.verdict is Verdict.FAIL]

    def by_what_was_asked(self) -> None:
        """The policy and the checks are again what they were, and so is what is found."""
        self.auditor.ask_by()
        self.checks = (REPRESENTED,)
        self.only_asked = False
        self.audit(ROWS, self.last + WEEK)
        assert self.stands() == FAILURES

    def fresh(self, weeks: int) -> Finding:
        """What is found by so many weeks more, in which everybody is treated alike."""
        self.only_asked = False
        seen = [*ROWS, *[FAIR] * weeks]
        if any(each.is_simulated for each in self.failed):
            self.audit(seen, self.last + WEEK, in_place_of="2")
        record = self.audit(seen, self.last + WEEK)
        (found,) = [each for each in record.findings if each.id == RULE]
        return found


ACTIONS = [
    Life.again, Life.another_moment, Life.another_version, Life.candidate, Life.amended,
    Life.another_policy, Life.too_few_people, Life.people_elsewhere,
]  # fmt: skip


class Ledgers(NamedTuple):
    """How many lives are tried with one, and what gives its address; None for a file."""

    lives: int
    address: Callable[[], AbstractContextManager[str | None]]


@pytest.fixture(params=["sqlite", "postgresql"])
def ledgers(request: pytest.FixtureRequest) -> Ledgers:
    """Empty ledgers of either kind, one after the other."""
    if request.param == "sqlite":
        return Ledgers(12, nullcontext)
    return Ledgers(6, partial(fresh_database, request.getfixturevalue("postgres_server")))


def test_only_fresh_units_or_two_people_lift_a_failure(
    ledgers: Ledgers, registry: DirectRegistry
) -> None:
    # To look for a shorter life that goes wrong would take minutes.
    @settings(
        max_examples=ledgers.lives,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data(), st.lists(st.sampled_from(ACTIONS), max_size=5), st.booleans())
    def lives(
        data: st.DataObject, actions: Sequence[Callable[..., None]], by_people: bool
    ) -> None:
        with TemporaryDirectory() as folder, ledgers.address() as ledger:
            life = Life(Auditor(Path(folder), registry, ledger))
            assert life.stands() == FAILURES
            for act in actions:
                act(life, data)
                assert life.stands() == FAILURES
            life.by_what_was_asked()
            assert life.fresh(1).verdict is Verdict.FAIL
            assert RULE in life.stands()
            if not by_people:
                told = life.fresh(12).evidence
                assert told.pass_evidence >= told.pass_needed >= 40
                # What a rule found that nobody asks by any more, people alone can lift.
                left = {each.rule for audit in life.failed for each in audit.obstacles}
                assert left <= {"renamed"}
            for audit in life.failed:
                life.decided(audit, "waive", PEOPLE[:2])
            assert life.promoted != "1"
            assert life.auditor.gated().decision == "allow"
            assert life.promoted == "1"

    lives()
