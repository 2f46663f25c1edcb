"""What later audits of a version find: asking again changes nothing, and a failure stands.

The audits here are of one version; the counts of a week are found again by every later audit.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.counted_units import Entry
from fairness_audit.records.finding import EvidenceBasis, Finding, Judgement, Verdict
from fairness_audit.records.signed.audit import AuditRecord
from fairness_audit.records.validation import Check, CheckSeverity
from fairness_audit.records.version_evidence import VersionEvidence, fold
from fairness_audit.steps.measure.counting.counts import Counts
from tests.builders.evidence import AS_OF, FIRST_WEEK, ByGroup, counted
from tests.builders.judging import (
    a_check,
    a_rule,
    about,
    disparities,
    gender_policy,
    in_words,
    judged,
    recorded,
    share,
)

WEEK = timedelta(weeks=1)
FAIR, BAD = ({"M": share(120, 300), "F": share(women, 300)} for women in (120, 60))
BROKEN = [BAD] * 3
"""Three weeks that show the limit broken."""


class Version:
    """A version that is audited again and again, as its records show it."""

    def __init__(self, policy: AuditPolicy | None = None, **folded: Any) -> None:
        self.policy, self.folded = policy or gender_policy(), {"counts_from": None} | folded
        self.entries: list[Entry] = []
        self.records: list[AuditRecord] = []

    def audited(
        self,
        weeks: Sequence[ByGroup],
        policy: AuditPolicy | None = None,
        skip: int = 0,
        as_of: datetime | None = None,
        checks: Sequence[Check] = (),
        **folded: Any,
    ) -> Judgement:
        """One more audit, which counts these weeks after those that it skips.

        As of an earlier moment it sees the audits up to that one.
        """
        self.policy = policy or self.policy
        as_of = as_of or AS_OF + WEEK * len(self.records)
        evidence = counted(self.policy, weeks, FIRST_WEEK + WEEK * skip)
        self.entries.append(Entry(as_of, len(self.entries) + 1, str(as_of), evidence))
        seen = [each for each in self.entries if each.logical_date <= as_of]
        earlier = [each for each in self.records if each.logical_date <= as_of]
        version: VersionEvidence = fold(seen, unit="week", **(self.folded | folded))
        judgement = judged(
            self.policy,
            evidence=version,
            earlier=earlier,
            as_of=as_of,
            checks=[a_check(), *checks],
        )
        self.records.append(recorded(self.policy, judgement, as_of))
        return judgement


def the(judgement: Judgement) -> Finding:
    return about(judgement, kind="disparity", group="F")


def basis(judgement: Judgement) -> EvidenceBasis:
    assert judgement.basis is not None
    return judgement.basis


def told(judgement: Judgement) -> str:
    return about(judgement, kind="evidence").sentence


# --- asking again --------------------------------------------------------------------------------


@pytest.mark.parametrize("weeks", [[FAIR] * 4, BROKEN], ids=["fair", "broken"])
def test_asking_again_finds_the_same_and_says_that_nothing_is_new(weeks: list[ByGroup]) -> None:
    version = Version()
    first = version.audited(weeks)
    again = [version.audited(weeks) for _ in range(30)]
    assert {the(each) for each in again} == {the(first)}
    assert {each.verdict for each in again} == {first.verdict}
    assert basis(first).new_units == len(weeks)
    assert {basis(each).new_units for each in again} == {0}
    assert "asking again adds no evidence" not in told(first)
    assert "; none is new since the audit before: asking again adds no evidence" in told(again[-1])


def test_how_often_a_version_is_audited_changes_no_verdict() -> None:
    weeks = [FAIR] * 3 + BROKEN + [FAIR] * 2
    weekly, once = Version(), Version()
    for end in range(1, len(weeks) + 1):
        last = weekly.audited(weeks[:end])
    assert the(last) == the(once.audited(weeks))


def test_the_evidence_is_told_with_its_gaps_and_corrections() -> None:
    version = Version()
    assert told(version.audited([FAIR] * 4)) == (
        "The verdicts rest on 4 closed weeks of decisions of this version, 2025-11-03 to"
        " 2025-11-30; up to when rows trained the version is not known, so that none is left out."
    )
    judgement = version.audited([FAIR] * 2, skip=6)
    assert told(judgement) == (
        "The verdicts rest on 6 closed weeks of decisions of this version, 2025-11-03 to"
        " 2025-12-28; 2 new since the audit before; 2 between them were never counted; up to when"
        " rows trained the version is not known, so that none is left out."
    )
    assert (basis(judgement).units, basis(judgement).gaps) == (6, 2)
    corrected = version.audited([BAD], skip=7)
    assert basis(corrected).amended == 1
    assert "; 1 corrected after they were counted;" in told(corrected)


def test_until_when_rows_trained_the_version_is_told_where_it_is_known() -> None:
    trained = datetime(2025, 11, 10, tzinfo=UTC)
    judgement = Version(counts_from=trained).audited([FAIR] * 4)
    assert told(judgement) == (
        "The verdicts rest on 3 closed weeks of decisions of this version, 2025-11-10 to"
        " 2025-11-30; decisions before 2025-11-10 00:00 UTC trained it."
    )
    assert basis(judgement).trained_until == trained


def test_a_window_without_a_closed_week_is_no_evidence_and_blocks() -> None:
    judgement = Version().audited([])
    assert judgement.verdict is Verdict.INCONCLUSIVE
    finding = about(judgement, kind="evidence")
    assert (finding.verdict, finding.at_gate) == (Verdict.INCONCLUSIVE, "block")
    assert finding.sentence == (
        "No closed week of decisions lies in the window, so there is no evidence."
    )


def test_what_an_audit_rests_on_names_the_records_before_it() -> None:
    version = Version()
    first, second, third = (version.audited([FAIR] * 4) for _ in range(3))
    assert len({basis(each).after for each in (first, second, third)}) == 3
    assert basis(first).first == FIRST_WEEK
    assert basis(first).last == FIRST_WEEK + 3 * WEEK


# --- a failure stands ----------------------------------------------------------------------------


def test_later_weeks_alone_lift_a_failure_at_twice_the_evidence() -> None:
    version = Version()
    assert the(version.audited(BROKEN)).verdict is Verdict.FAIL
    assert the(version.audited([*BROKEN, FAIR])).verdict is Verdict.FAIL
    lifted = the(version.audited([*BROKEN, *[FAIR] * 8]))
    assert (lifted.verdict, lifted.at_gate) == (Verdict.PASS, "allow")
    assert lifted.evidence.pass_evidence is not None
    assert lifted.evidence.pass_evidence >= 40


def test_a_failure_survives_corrections_of_what_was_counted_then() -> None:
    version = Version()
    assert the(version.audited(BROKEN)).verdict is Verdict.FAIL
    finding = the(version.audited([FAIR] * 3))
    assert (finding.verdict, finding.at_gate) == (Verdict.FAIL, "block")
    assert in_words(finding.sentence) == (
        "Group F (gender) is selected 1.00 times as often as group M (selection rate 40.0 %"
        " against 40.0 %), within the limits of 4/5 and 5/4 by all weeks together; it failed with"
        " the week of D, below the limit of 4/5, by when a model that keeps the limit would have"
        " shown this at most once in N;"
        " the failure stands until later decisions alone show the limit kept (evidence E), or two"
        " people waive it."
    )
    assert the(version.audited([FAIR] * 14)).verdict is Verdict.PASS


def test_a_failure_survives_corrections_of_what_was_counted_while_it_stood() -> None:
    """The weeks that are corrected came after those that it was found by."""
    version = Version()
    version.audited(BROKEN)
    assert the(version.audited([*BROKEN, *[BAD] * 4])).verdict is Verdict.FAIL
    corrected = [*BROKEN, *[FAIR] * 4]
    assert the(version.audited(corrected)).verdict is Verdict.FAIL
    found = [the(version.audited([*corrected, *[FAIR] * week])).verdict for week in range(1, 9)]
    assert (found[0], found[-1]) == (Verdict.FAIL, Verdict.PASS)


def test_a_failure_survives_corrections_by_an_audit_of_an_earlier_moment() -> None:
    """As of then the corrected weeks are older than those that it was found by."""
    version = Version()
    version.audited([*BROKEN, *[BAD] * 4])
    version.audited([*BROKEN, *[FAIR] * 4], as_of=AS_OF - WEEK)
    assert the(version.audited([FAIR], skip=7)).verdict is Verdict.FAIL


def test_corrections_of_every_week_keep_no_failure() -> None:
    """A decision more of the week before is found by every audit."""
    version, weeks = Version(), list(BROKEN)
    version.audited(weeks)
    late = {"M": share(121, 301), "F": share(121, 301)}
    found = []
    for _ in range(6):
        weeks = [*weeks[:-1], BAD if len(weeks) == len(BROKEN) else late, FAIR]
        found.append(the(version.audited(weeks)).verdict)
    assert (found[0], found[-1]) == (Verdict.FAIL, Verdict.PASS)


def test_corrections_find_no_failure_that_nobody_found() -> None:
    """Counts that were corrected before three weeks of them were seen broke no limit."""
    version = Version()
    version.audited(BROKEN)
    weeks = [*BROKEN, *[FAIR] * 12]
    assert the(version.audited(weeks)).verdict is Verdict.PASS
    version.audited([*weeks, BAD])
    version.audited([*weeks, FAIR, BAD])
    assert the(version.audited([*weeks, FAIR, FAIR, BAD])).verdict is not Verdict.FAIL


def test_a_failure_survives_that_its_weeks_are_said_to_have_trained_the_version() -> None:
    version = Version()
    version.audited([*BROKEN, FAIR])
    trained = datetime(2025, 11, 24, tzinfo=UTC)
    later = version.audited([*BROKEN, FAIR], counts_from=trained)
    assert the(later).verdict is Verdict.FAIL


def test_a_failure_survives_another_limit() -> None:
    version = Version()
    version.audited(BROKEN)
    milder = version.audited(BROKEN, gender_policy(a_rule(threshold="1/5")))
    assert the(milder).verdict is Verdict.FAIL
    again = version.audited(BROKEN, gender_policy(a_rule(threshold="1/5")))
    assert the(again).verdict is Verdict.FAIL
    assert ", by what was asked and counted then; the failure stands" in the(again).sentence
    later = version.audited([*BROKEN, *[FAIR] * 8], gender_policy(a_rule(threshold="1/5")))
    assert the(later).verdict is Verdict.PASS


def test_a_failure_of_one_side_survives_that_only_the_other_is_asked_about() -> None:
    version = Version()
    better = [{"M": week["F"], "F": week["M"]} for week in BROKEN]
    assert the(version.audited(better)).verdict is Verdict.FAIL
    one_sided = gender_policy(a_rule(sides="harm"))
    assert the(version.audited(better, one_sided)).verdict is Verdict.FAIL
    later = [*better, *[FAIR] * 8]
    assert the(version.audited(later, one_sided)).verdict is Verdict.PASS


UNASKED = " No rule or check asks about it any more; the failure stands until two people waive it."
UNANSWERED = (
    " By this audit it could not fail nor pass; the failure stands until one can tell, or two"
    " people waive it."
)


def test_a_failure_whose_rule_left_the_policy_stands_as_it_was_told() -> None:
    version = Version()
    before = the(version.audited(BROKEN))
    other = gender_policy(a_rule(id="renamed", threshold="1/5"))
    for _ in range(3):
        judgement = version.audited(BROKEN, other)
        orphan = about(judgement, rule="four_fifths")
        assert judgement.verdict is Verdict.FAIL
        # What would lift it is nothing any more: nobody asks.
        evidence = before.evidence.model_copy(update={"pass_needed": None})
        said = {"sentence": f"{before.sentence}{UNASKED}", "evidence": evidence}
        assert orphan == before.model_copy(update=said)
    assert about(judgement, rule="renamed").verdict is not Verdict.FAIL


@pytest.mark.parametrize(
    "policy",
    [
        gender_policy(a_rule(severity="warn")),
        gender_policy(min_group_size=10_000),
        gender_policy(attributes={"gender": {"provenance": "geographic", "reference_group": "M"}}),
    ],
    ids=["only warns", "too few", "of places"],
)
def test_a_failure_that_could_not_be_found_any_more_stands(policy: AuditPolicy) -> None:
    version = Version()
    before = the(version.audited(BROKEN))
    for _ in range(3):
        judgement = version.audited([*BROKEN, *[FAIR] * 8], policy)
        assert judgement.verdict is Verdict.FAIL
        assert the(judgement) == before.model_copy(
            update={"sentence": f"{before.sentence}{UNANSWERED}"}
        )
    lifted = version.audited([*BROKEN, *[FAIR] * 8], gender_policy())
    assert the(lifted).verdict is Verdict.PASS


def test_a_failed_subgroup_is_asked_about_as_long_as_subgroups_are_searched() -> None:
    """Where it cannot be told it may be told again; without a search nobody asks."""
    search = {"subgroup_search": {"severity": "fail"}}
    too_few = {"min_group_size": 10_000}
    version = Version(gender_policy(**search))
    before = about(version.audited(BROKEN), rule="worst_subgroup", group="F")
    assert before.verdict is Verdict.FAIL
    for policy, why in (
        (gender_policy(**search, **too_few), UNANSWERED),
        (gender_policy(**too_few), UNASKED),
    ):
        found = about(version.audited([*BROKEN, FAIR], policy), rule="worst_subgroup", group="F")
        assert found.sentence == f"{before.sentence}{why}"


def test_an_audit_of_before_the_failure_lifts_nothing_by_not_knowing_of_it() -> None:
    """It was made later, and by a policy that only warns."""
    version = Version()
    version.audited(BROKEN)
    warns = gender_policy(a_rule(severity="warn"))
    before = version.audited(BROKEN, warns, as_of=AS_OF - WEEK)
    assert before.verdict is Verdict.WARN
    assert version.audited(BROKEN, warns).verdict is Verdict.FAIL


def test_a_failure_that_is_found_late_stands_beside_what_was_known_later() -> None:
    version = Version()
    version.audited([FAIR] * 4)
    late = version.audited(BROKEN, as_of=AS_OF - WEEK)
    assert late.verdict is Verdict.FAIL
    unasked = version.audited([FAIR] * 4, gender_policy(a_rule(id="renamed")))
    assert about(unasked, rule="four_fifths").verdict is Verdict.FAIL


def test_a_failure_of_a_group_that_is_not_counted_any_more_stands() -> None:
    version = Version()
    version.audited([week | {"X": week["F"]} for week in BROKEN])
    judgement = version.audited([{"M": week["M"], "F": week["M"]} for week in BROKEN])
    gone = about(judgement, kind="disparity", group="X")
    assert gone.verdict is Verdict.FAIL
    assert gone.sentence.endswith(UNANSWERED)


def test_what_was_lifted_does_not_come_back_with_its_rule_gone() -> None:
    version = Version()
    version.audited(BROKEN)
    version.audited([*BROKEN, *[FAIR] * 8])
    other = gender_policy(a_rule(id="renamed"))
    judgement = version.audited([*BROKEN, *[FAIR] * 8], other)
    assert {each.rule for each in disparities(judgement)} == {"renamed"}


def test_against_the_best_a_failure_stands_against_whom_it_was_found() -> None:
    """F failed against M alone: against X, who is no better off, nothing is on record."""
    version = Version(gender_policy(a_rule(against="best")))
    weeks = [week | {"X": share(50, 300)} for week in BROKEN]
    version.audited(weeks)
    corrected = version.audited([FAIR | {"X": share(50, 300)}] * 3)
    assert (the(corrected).verdict, the(corrected).reference) == (Verdict.FAIL, "M")


def test_a_warning_is_nothing_that_stands() -> None:
    version = Version(gender_policy(a_rule(severity="warn")))
    assert the(version.audited(BROKEN)).verdict is Verdict.WARN
    assert the(version.audited([FAIR] * 3)).verdict is not Verdict.WARN


# --- failures of what is asked beside rules ------------------------------------------------------


def labelled(positive: int, negative: int, selected: float, alarms: float) -> Counts:
    """So many of each outcome, of which these shares are selected."""
    tp, fp = round(positive * selected), round(negative * alarms)
    return Counts(tp=tp, fn=positive - tp, fp=fp, tn=negative - fp)


ALIKE = labelled(40, 80, 0.5, 0.3)
RIGHT = {"M": ALIKE, "F": ALIKE}
INVERTED = {name: labelled(40, 80, 0.2, 0.6) for name in RIGHT}
FEW_WOMEN = {"M": ALIKE, "F": labelled(10, 20, 0.5, 0.3)}
FEW_POSITIVE = {"M": ALIKE, "F": labelled(12, 108, 0.5, 0.3)}
FEW_KNOWN = {**RIGHT, "unknown": labelled(160, 320, 0.5, 0.3)}


def a_share(kind: str, limit: str, group: str | None = "F", **changes: Any) -> Check:
    """A critical check of a share, which these rows keep."""
    content = {"kind": kind, "expectation": f"expect_{kind}", "attribute": "gender"}
    content |= {"group": group, "limit": limit, "sentence": "It is as it should be."}
    return a_check(**(content | changes))


REPRESENTED = a_share("representation", "4/5", stated="1/2")
SHARES = {
    "represented": (FEW_WOMEN, REPRESENTED),
    "balanced": (FEW_POSITIVE, a_share("label_balance", "1/20")),
    "known": (FEW_KNOWN, a_share("representation", "4/5", group=None)),
}


def stands(judgement: Judgement, check: Check) -> Finding:
    found = about(judgement, kind=check.kind, rule=check.expectation)
    assert (judgement.verdict, found.verdict, found.at_gate) == (Verdict.FAIL, *BLOCKS)
    return found


BLOCKS = (Verdict.FAIL, "block")


@pytest.mark.parametrize("name", SHARES)
def test_a_share_that_failed_survives_corrections(name: str) -> None:
    broken, check = SHARES[name]
    version = Version()
    failed = stands(version.audited([broken] * 4, checks=[check]), check)
    corrected = stands(version.audited([RIGHT] * 4, checks=[check]), check)
    assert corrected.evidence.since == failed.evidence.since
    assert corrected.sentence.startswith("It is as it should be. The limit was broken")
    lifted = version.audited([RIGHT] * 30, checks=[check])
    assert not [each for each in lifted.findings if each.rule == check.expectation]


@pytest.mark.parametrize(
    ("checks", "left"),
    [
        ([REPRESENTED.model_copy(update={"severity": CheckSeverity.WARNING})], "UNANSWERED"),
        ([], "UNASKED"),
        ([REPRESENTED.model_copy(update={"limit": None})], "UNANSWERED"),
    ],
    ids=["only warns", "left out", "holds no share"],
)
def test_a_share_that_failed_stands_where_its_check_cannot_lift_it(
    checks: list[Check], left: str
) -> None:
    version = Version()
    failed = stands(version.audited([FEW_WOMEN] * 4, checks=[REPRESENTED]), REPRESENTED)
    weeks = [*[FEW_WOMEN] * 4, *[RIGHT] * 30]
    for _ in range(3):
        found = stands(version.audited(weeks, checks=checks), REPRESENTED)
        assert found.sentence == f"{failed.sentence}{globals()[left]}"
        assert (found.evidence.pass_needed is None) is (left == "UNASKED")


def test_a_share_that_was_lifted_does_not_come_back_with_its_check_gone() -> None:
    version = Version()
    version.audited([FEW_WOMEN] * 4, checks=[REPRESENTED])
    weeks = [*[FEW_WOMEN] * 4, *[RIGHT] * 30]
    assert version.audited(weeks, checks=[REPRESENTED]).verdict is not Verdict.FAIL
    assert version.audited(weeks).verdict is not Verdict.FAIL


def test_a_share_that_only_warned_is_nothing_that_stands() -> None:
    version, warns = Version(), REPRESENTED.model_copy(update={"severity": CheckSeverity.WARNING})
    assert about(
        version.audited([FEW_WOMEN] * 4, checks=[warns]), rule=warns.expectation
    ).verdict is Verdict.WARN  # fmt: skip
    judgement = version.audited([RIGHT] * 4, checks=[warns])
    assert Verdict.WARN not in {each.verdict for each in judgement.findings}


def polarity(judgement: Judgement) -> Finding:
    return about(judgement, kind="polarity")


def test_polarity_that_failed_survives_corrections() -> None:
    version = Version()
    failed = polarity(version.audited([INVERTED] * 3))
    corrected = polarity(version.audited([RIGHT] * 3))
    assert (corrected.verdict, corrected.at_gate) == BLOCKS
    assert corrected.evidence.since == failed.evidence.since
    assert corrected.sentence.startswith("Score or label looked inverted")
    assert "50.0 % of those with a positive outcome are selected" in corrected.sentence
    found = [polarity(version.audited([RIGHT] * end)).verdict for end in range(4, 12)]
    assert (found[0], found[-1]) == (Verdict.FAIL, Verdict.PASS)


@pytest.mark.parametrize(
    "later",
    [{name: share(120, 300) for name in RIGHT}, {name: Counts(tp=60, fn=40) for name in RIGHT}],
    ids=["no outcome is known", "all are positive"],
)
def test_polarity_that_failed_stands_where_nobody_can_tell(later: ByGroup) -> None:
    version = Version()
    failed = polarity(version.audited([INVERTED] * 3))
    for _ in range(3):
        judgement = version.audited([later] * 12)
        assert judgement.verdict is Verdict.FAIL
        said = {"sentence": f"{failed.sentence}{UNANSWERED}"}
        assert polarity(judgement) == failed.model_copy(update=said)
