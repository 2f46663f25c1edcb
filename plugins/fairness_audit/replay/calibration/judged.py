"""Many runs at once, sent through every path to a block, and where each leaves them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
from numpy.typing import NDArray

from fairness_audit.policy.metrics import FALSE_POSITIVE_RATE, TRUE_POSITIVE_RATE
from fairness_audit.policy.model import AuditPolicy, Rule
from fairness_audit.records.counted_units import Group, Place
from fairness_audit.records.measurement import OVERALL
from fairness_audit.records.validation import ValidationReport
from fairness_audit.records.version_evidence import VersionEvidence
from fairness_audit.replay.calibration.shuffled import ShuffledEvidence
from fairness_audit.statistics.course import State, course
from fairness_audit.statistics.proportions import Proportions
from fairness_audit.statistics.sequential import Pair, Side, TwoRates
from fairness_audit.steps.judge.cases import SUBGROUP_RULE, Case
from fairness_audit.steps.judge.family import UNITS_A_YEAR
from fairness_audit.steps.judge.pairs import beside_of
from fairness_audit.steps.judge.questions import OfShare, Polarity
from fairness_audit.steps.judge.tables import Tables
from fairness_audit.steps.judge.trial import Trial

Booleans = NDArray[np.bool_]

MakeTrial = Callable[[Tables, Iterable[Rule], ValidationReport], Trial]
"""What is asked of evidence: `Trial.of`, but where a path is put to the proof."""

_ROUNDING = 1e-9


@dataclass(frozen=True)
class Asked:
    """What is asked of every run: the policy, its rules that have data, and what suites hold."""

    policy: AuditPolicy
    rules: tuple[Rule, ...]
    validation: ValidationReport
    trial: MakeTrial = Trial.of

    def of(self, evidence: ShuffledEvidence) -> Trial:
        """The trial of some runs."""
        # A trial asks it for counts and sums alone, and takes them with an axis of runs.
        tables = Tables(self.policy, cast(VersionEvidence, evidence))
        return self.trial(tables, self.rules, self.validation)

    def keeps(self, evidence: ShuffledEvidence) -> dict[tuple[object, int], bool]:
        """By what is tested, and by pair, whether the limit is kept where nothing is chance."""
        blocking = self.of(evidence).blocking
        return {
            (tested, n): isinstance(tested, Polarity) or _is_kept(pair)
            for tested, pairs in blocking.items()
            for n, pair in enumerate(pairs)
        }


@dataclass(frozen=True)
class Judged:
    """Runs through the family that may block.

    Attributes:
        tested: with the pair, what each column of ``failed`` is about.
        failed: (runs, pairs), whether it failed at some unit by enough decisions.
        asked: what each column of the others is about.
        fails: (runs, asked), whether it stands failed after the last unit.
        passes: (runs, asked), whether it stands passed then.
        waits: (asked,), whether the gate waits for it.
    """

    tested: tuple[tuple[object, int], ...]
    failed: Booleans
    asked: tuple[object, ...]
    fails: Booleans
    passes: Booleans
    waits: Booleans

    @classmethod
    def of(cls, trial: Trial, random: np.random.Generator) -> "Judged":
        """Judge runs as audits after each of their units would."""
        blocking = _with_outcomes_shuffled(trial, random)
        tested = [(each, n) for each, pairs in blocking.items() for n, _ in enumerate(pairs)]
        tables = trial.tables
        found = course(
            [blocking[each][n] for each, n in tested],
            units_per_year=UNITS_A_YEAR[tables.evidence.unit],
            alpha=float(tables.policy.error_rate.alpha),
        )
        enough = np.stack(
            [
                np.broadcast_to(_is_large(tables, each, n), found.state.shape[:2])
                for each, n in tested
            ],
            axis=-1,
        )
        failed = (found.state == State.FAIL) & enough
        passed = (found.state == State.PASS) & enough
        asked = tuple(dict.fromkeys(each for each, _ in tested))
        columns = [[at for at, (of, _) in enumerate(tested) if of == each] for each in asked]
        return cls(
            tuple(tested),
            failed.any(axis=1),
            asked,
            np.stack([failed[:, -1, at].any(axis=-1) for at in columns], axis=-1),
            np.stack(
                [
                    _all_pass(tables, each, passed[:, -1, at])
                    for each, at in zip(asked, columns, strict=True)
                ],
                axis=-1,
            ),
            np.array([trial.waits_for(each) for each in asked]),
        )

    @classmethod
    def joined(cls, parts: "list[Judged]") -> "Judged":
        """The runs of all of them."""
        return replace(
            parts[0],
            failed=np.concatenate([part.failed for part in parts]),
            fails=np.concatenate([part.fails for part in parts]),
            passes=np.concatenate([part.passes for part in parts]),
        )

    @property
    def is_blocked(self) -> Booleans:
        """By run, whether anything stands failed at the end."""
        return np.asarray(self.fails.any(axis=-1))

    @property
    def is_passed(self) -> Booleans:
        """By run, whether the gate would open at the end: a disparity passed, and all it needs."""
        disparities = np.array([isinstance(each, Case) for each in self.asked])
        some = self.passes[:, disparities].any(axis=-1)
        return np.asarray(some & self.passes[:, self.waits].all(axis=-1) & ~self.is_blocked)


def path_of(tested: object) -> str:
    """The way by which something that is tested comes to block."""
    match tested:
        case Case(rule=rule):
            return "subgroups" if rule.id == SUBGROUP_RULE else f"rule {rule.id}"
        case Polarity():
            return "polarity"
        case OfShare(check):
            return check.kind.replace("_", " ")
    return "other"


def _is_kept(pair: Pair) -> bool:
    """Whether what the pair shows lies within its limit, the ends included."""
    value, limit = float(pair.terms().running()[0, -1]), pair.limit
    return not any(
        value < limit.bound(side) - _ROUNDING
        if side is Side.LOW
        else value > limit.bound(side) + _ROUNDING
        for side in limit.sides
    )


def _is_large(tables: Tables, tested: object, pair: int) -> Booleans:
    """By run and unit, whether there were decisions enough to judge by: (runs or 1, units)."""
    if not isinstance(tested, Case):
        return np.ones((1, len(tables.evidence.starts)), dtype=bool)
    own, other = beside_of(tables, tested)[pair]
    fewest = np.minimum(*(np.cumsum(each.seen.trials, axis=-1) for each in (own, other)))
    return np.atleast_2d(fewest >= tables.policy.min_group_size)


def _all_pass(tables: Tables, tested: object, passed: Booleans) -> Booleans:
    """By run, whether all pairs passed of which a verdict waits for: (runs, pairs) to (runs,).

    It waits for none that is with too small a group, unless all are.
    """
    if not isinstance(tested, Case) or len(tested.others) < 2:
        return np.asarray(passed.all(axis=-1))
    aside = np.stack(
        [
            (beside.other.seen.trials.sum(axis=-1) < tables.policy.min_group_size)
            | tables.is_smaller_than_waited_for(tested.grouping, name)
            for beside, name in zip(beside_of(tables, tested), tested.others, strict=True)
        ],
        axis=-1,
    )
    aside &= ~aside.all(axis=-1, keepdims=True)
    return np.asarray((passed | aside).all(axis=-1))


def _with_outcomes_shuffled(trial: Trial, random: np.random.Generator) -> dict[object, list[Pair]]:
    """The family, with known outcomes drawn anew among the decisions of a unit for polarity.

    Groups are nothing to it: it would be the same in every run. So those with a positive outcome
    are selected exactly as often as the others, which is its limit.
    """
    return {
        tested: [_at_random(trial.tables, pair, random) for pair in pairs]
        if isinstance(tested, Polarity)
        else pairs
        for tested, pairs in trial.blocking.items()
    }


def _at_random(tables: Tables, pair: Pair, random: np.random.Generator) -> Pair:
    if not isinstance(pair, TwoRates):
        return pair
    counts = tables.evidence.counts(Place(OVERALL), Group(OVERALL))
    selected = random.hypergeometric(
        counts.positives, counts.labelled - counts.positives, counts.labelled_selected
    ).astype(np.float64)
    positive, negative = (
        tables.everybody(rate) for rate in (TRUE_POSITIVE_RATE, FALSE_POSITIVE_RATE)
    )
    return replace(
        pair,
        group=Proportions(selected / positive.factor, positive.worth.trials),
        reference=Proportions(
            (counts.labelled_selected - selected) / negative.factor, negative.worth.trials
        ),
    )


def conditions(judged: Judged) -> Iterator[tuple[str, list[int], list[int]]]:
    """Every path, with its columns among the pairs and among what is asked."""
    for path in dict.fromkeys(map(path_of, judged.asked)):
        yield (
            path,
            [at for at, (each, _) in enumerate(judged.tested) if path_of(each) == path],
            [at for at, each in enumerate(judged.asked) if path_of(each) == path],
        )
