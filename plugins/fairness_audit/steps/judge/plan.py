"""What a policy can conclude at given sizes, and when: before any audit, or after the newest."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import log
from typing import Literal

from fairness_audit.policy.load import policy_digest
from fairness_audit.policy.model import AtGate, AuditPolicy, Comparison, Severity
from fairness_audit.policy.units import Day
from fairness_audit.records.measurement import OVERALL
from fairness_audit.records.signed.audit import AuditRecord
from fairness_audit.records.validation import NO_CHECKS
from fairness_audit.records.version_evidence import VersionEvidence, nothing
from fairness_audit.statistics.course import State
from fairness_audit.statistics.outlook import YEARS
from fairness_audit.statistics.sequential import Aim
from fairness_audit.steps.judge.ahead import Ahead
from fairness_audit.steps.judge.cases import Case, rate_of
from fairness_audit.steps.judge.family import UNITS_A_YEAR, Position
from fairness_audit.steps.judge.ground import Ground, ground_of
from fairness_audit.steps.judge.outlook import harmful
from fairness_audit.steps.judge.pairs import beside_of
from fairness_audit.steps.judge.proxies import caution_of
from fairness_audit.steps.judge.sizes import Sizes
from fairness_audit.steps.judge.standing import failures_on_record
from fairness_audit.steps.judge.tables import Tables
from fairness_audit.steps.judge.trial import Trial, sides_of

PASSING_RATIOS = (1.0, 0.95)
FAILING_RATIOS = (0.7, 0.6)
PASSING_DIFFERENCES = (0.0,)
FAILING_DIFFERENCES = (0.15, 0.2, 0.3)

Now = Literal["open", "pass", "fail", "too few"]
"""Where a case stands; too few decisions are fewer than the policy's smallest group."""


@dataclass(frozen=True)
class Prospect:
    """When a verdict will be reached, if the disparity is in truth what is stated.

    ``if_true`` is a ratio or a difference of rates, on the side that harms the group. ``units``
    is how many from now, None where none within three years does with four in five; ``by`` is the
    day on which an audit counts it, None without a date to count from; ``probability`` is None
    where no rates are so far apart. ``is_now`` where it has
    been reached.
    """

    verdict: Literal["pass", "fail"]
    if_true: float
    units: int | None
    by: Day | None
    probability: float | None
    is_now: bool = False


@dataclass(frozen=True)
class Planned:
    """One group under one rule: where it stands, and what can be concluded when.

    ``per_unit`` is how many decisions that count for the rule a unit brings of the group.
    ``share_below`` is as `Tables.share_below` of what was counted.
    ``hypotheses`` are those it adds to its family. ``holds_gate`` where a release waits for it.
    """

    case: Case
    share: float
    share_below: float
    per_unit: float
    now: Now
    since: Day | None
    hypotheses: int
    may_block: bool
    holds_gate: bool
    prospects: tuple[Prospect, ...]

    @property
    def passes(self) -> Prospect:
        """When it passes, if the rates are in truth equal."""
        return self.prospects[0]


@dataclass(frozen=True)
class Plan:
    """Everything that is planned about one model.

    ``hypotheses`` are all that may block, ``checks`` of them those of the data's checks.
    """

    policy: AuditPolicy
    evidence: VersionEvidence
    sizes: Sizes
    cases: tuple[Planned, ...]
    hypotheses: int
    checks: int

    @property
    def times(self) -> float:
        """How many times as many decisions a failure needs as a single hypothesis would.

        Evidence multiplies from decision to decision, so that its logarithm is what grows.
        """
        level = log(1 / float(self.policy.error_rate.alpha))
        return (level + log(max(1, self.hypotheses))) / level

    @property
    def waiting(self) -> tuple[Planned, ...]:
        """What keeps the gate waiting, the longest first."""
        longest = YEARS * UNITS_A_YEAR[self.evidence.unit] + 1
        held = [each for each in self.cases if each.holds_gate]
        return tuple(sorted(held, key=lambda each: -(each.passes.units or longest)))


def before_any(policy: AuditPolicy, sizes: Sizes) -> VersionEvidence:
    """The evidence of a version that was never audited, whose groups are those of the sizes."""
    names = [*policy.groupings, OVERALL]
    groups = {name: [g for at, g in sizes.by_group if at == name] for name in names}
    return nothing(policy.evidence.unit, groups)


def plan(
    policy: AuditPolicy,
    evidence: VersionEvidence,
    sizes: Sizes,
    earlier: Sequence[AuditRecord] = (),
    rests_on: str | None = None,
    told: Callable[[int, int], None] = lambda done, of: None,
) -> Plan:
    """What can be concluded about every group under every rule, and when.

    Args:
        policy: what is asked.
        evidence: all that was counted of the version; `before_any` if nothing was.
        sizes: what the units ahead bring.
        earlier: the version's audits so far.
        rests_on: digest of the method by which is judged; None where it is the policy's.
        told: is called with how many groups are done, and of how many.
    """
    tables = Tables(policy, evidence)
    trial = Trial.of(tables, policy.rules, NO_CHECKS)
    now = rests_on or policy_digest(policy)
    where = trial.positions(failures_on_record(earlier, now))
    checks = _checks(policy, trial, earlier)
    ahead = Ahead(trial, where, sizes, besides=checks)
    cases = [case for part in trial.parts for case in part.cases]
    planned = []
    for case in cases:
        planned.append(_planned(trial, ahead, case, where[case]))
        told(len(planned), len(cases))
    return Plan(
        policy,
        evidence,
        sizes,
        tuple(planned),
        trial.hypotheses + checks,
        checks,
    )


def _checks(policy: AuditPolicy, trial: Trial, earlier: Sequence[AuditRecord]) -> int:
    """Hypotheses that the data's checks add: as in the newest audit, or one a stated share."""
    newest = next((each.basis for each in reversed(earlier) if each.basis is not None), None)
    if newest is not None and newest.hypotheses >= trial.hypotheses:
        return newest.hypotheses - trial.hypotheses
    return stated_shares(policy)


def stated_shares(policy: AuditPolicy) -> int:
    """How many shares of groups a policy states that are known of people."""
    stated = [
        each.reference_population
        for name, each in policy.attributes.items()
        if each.reference_population is not None and caution_of(policy, name) is None
    ]
    return sum(len(each.shares) for each in stated)


def _planned(trial: Trial, ahead: Ahead, case: Case, position: Position) -> Planned:
    tables = trial.tables
    policy = tables.policy
    may_block = case in trial.blocking
    share = ahead.sizes.share(case.grouping, case.group)
    now = _now(tables, case, position)
    awaited = Fraction(share).limit_denominator(10**9) >= policy.gate.smallest_share
    waits = case.rule.severity is Severity.FAIL and case.rule.inconclusive is not AtGate.ALLOW
    return Planned(
        case,
        share,
        float(tables.share_below(case.grouping, case.group)),
        ahead.sizes.trials(rate_of(policy, case.rule), case.grouping, case.group),
        now,
        position.since,
        sides_of({case: trial.family_of(case)[case]}),
        may_block,
        awaited and waits and now in ("open", "too few"),
        tuple(_prospects(tables, ahead, case, position)),
    )


def _now(tables: Tables, case: Case, position: Position) -> Now:
    beside = beside_of(tables, case)[position.pair]
    ground = ground_of(position.state, beside.fewest, min_group_size=tables.policy.min_group_size)
    told: dict[Ground, Now] = {Ground.BREACH: "fail", Ground.WITHIN: "pass", Ground.OPEN: "open"}
    return told.get(ground, "too few")


def _prospects(tables: Tables, ahead: Ahead, case: Case, position: Position) -> Iterator[Prospect]:
    is_ratio = case.rule.compare is Comparison.RATIO
    passing = PASSING_RATIOS if is_ratio else PASSING_DIFFERENCES
    failing = FAILING_RATIOS if is_ratio else FAILING_DIFFERENCES
    for sizes, aim, state in ((passing, Aim.PASS, State.PASS), (failing, Aim.FAIL, State.FAIL)):
        for size in sizes:
            disparity = harmful(case, tables, size) + 0.0  # no minus before a difference of 0
            if position.state is state:
                yield Prospect(aim.value, disparity, 0, position.since, 1.0, is_now=True)
                continue
            found = ahead.outlook(case, disparity, aim)
            by = ahead.day(found)
            yield Prospect(aim.value, disparity, found.unit, by, found.probability)
