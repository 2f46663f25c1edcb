"""The realised error rates of the judge on the people of one run.

A permutation test of the whole machine: the rate at which it blocks where groups mean nothing, by
every path, and at which it finds a group that is favoured less often by a stated ratio.
"""

from collections.abc import Callable, Iterator
from math import ceil
from typing import Any

import numpy as np

from fairness_audit.errors import InputError
from fairness_audit.policy.base import UNKNOWN
from fairness_audit.policy.model import AuditPolicy
from fairness_audit.records.door import Door
from fairness_audit.records.validation import ValidationReport
from fairness_audit.replay.calibration.judged import (
    Asked,
    Judged,
    MakeTrial,
    conditions,
)
from fairness_audit.replay.calibration.people import RunPeople
from fairness_audit.replay.calibration.shuffled import Harm, Layout, ShuffledEvidence
from fairness_audit.statistics.intervals import clopper_pearson
from fairness_audit.statistics.proportions import Proportions
from fairness_audit.steps.judge.data_faults import needs_outcomes
from fairness_audit.steps.judge.family import UNITS_A_YEAR
from fairness_audit.steps.judge.proxies import caution_of
from fairness_audit.steps.judge.trial import Trial

RATIOS = (0.6, 0.7)
"""How often, against the truth of the run, a group is favoured whose harm is to be found."""
CONFIDENCE = 0.95
REFUTED_AT = 0.01
"""The level at which more false blocks than alpha are no chance."""

_CHUNK = 250
_NUMBERS = 1 << 24
"""Numbers in an array of runs: 128 MB."""

Told = Callable[[int, int], None]
"""Is told how many runs are judged, and of how many."""


class Share(Door):
    """How many of so many runs, and the exact 95 % interval of their share."""

    runs: int
    of: int
    low: float
    high: float

    @classmethod
    def counted(cls, runs: int, of: int) -> "Share":
        """The share with its interval (Clopper and Pearson)."""
        low, high = clopper_pearson(Proportions.of([runs], [of]), CONFIDENCE)
        return cls(runs=runs, of=of, low=float(low[0]), high=float(high[0]))

    @property
    def share(self) -> float:
        """The share itself."""
        return self.runs / self.of


class Path(Door):
    """One way to a block: how often it was gone, and where its questions stood at the end.

    ``broken`` hypotheses are of limits that the run breaks whoever is of which group: what they
    block is not counted as false.
    """

    name: str
    hypotheses: int
    broken: int
    blocked: Share
    passed: Share
    failed: Share

    @property
    def open(self) -> float:
        """The share of runs in which it neither passed nor failed at the end."""
        return 1 - self.passed.share - self.failed.share


class Found(Door):
    """How often the harm of one group was found."""

    attribute: str
    group: str
    ratio: float
    failed: Share


class Calibration(Door):
    """What the judge makes of a run whose groups mean nothing, and of one that wrongs a group.

    ``bound`` is the share of false blocks that the policy promises over the run's units, and
    ``p_value`` says how likely so many or more are where it is kept.
    """

    units: int
    unit: str
    runs: int
    seed: int
    bound: float
    p_value: float
    blocked: Share
    paths: tuple[Path, ...]
    passed: Share
    failed: Share
    found: tuple[Found, ...]

    @property
    def inconclusive(self) -> float:
        """The share of runs whose audit neither passes nor fails at the end."""
        return 1 - self.passed.share - self.failed.share

    @property
    def refutes(self) -> bool:
        """True where there are more false blocks than the policy promises, beyond chance."""
        return self.p_value < REFUTED_AT


def calibrate(
    policy: AuditPolicy,
    people: RunPeople,
    validation: ValidationReport,
    *,
    runs: int,
    seed: int,
    told: Told = lambda done, of: None,
    trial: MakeTrial = Trial.of,
) -> Calibration:
    """Shuffle who is of which groups, and judge every shuffle after each of its units.

    Args:
        policy: what is asked, and what is promised.
        people: those of the run.
        validation: what the run's suites hold to a limit.
        runs: how many shuffles, of the run as it is and of each harm.
        seed: equal seeds give equal results.
        told: hears how far it is.
        trial: makes the questions; another one than the judge's shows what it would let through.

    Raises:
        InputError: when nothing that is asked may block.
    """
    rules = tuple(rule for rule in policy.rules if people.is_labelled or not needs_outcomes(rule))
    asked = Asked(policy, rules, validation, trial)
    layout = Layout.of(policy, people)
    keeps = asked.keeps(ShuffledEvidence.expected(layout))
    if not keeps:
        raise InputError(
            f"{policy.model}: nothing that is asked may block (give a rule severity: fail)"
        )
    harms = [Harm(*group, ratio) for group in largest(policy, people) for ratio in RATIOS]
    total = runs * (1 + len(harms))

    def judged(world: int, harm: Harm | None) -> Judged:
        random = np.random.default_rng((seed, world))
        parts = []
        for done in range(0, runs, chunk := _chunk(layout)):
            evidence = ShuffledEvidence.drawn(layout, min(chunk, runs - done), random, harm)
            parts.append(Judged.of(asked.of(evidence), random))
            told(world * runs + min(done + chunk, runs), total)
        return Judged.joined(parts)

    fair = judged(0, None)
    return Calibration(
        **_of_fair(policy, people, fair, keeps),
        units=len(people.starts),
        unit=people.unit,
        runs=runs,
        seed=seed,
        found=tuple(
            _found(judged(world, harm), harm, asked, layout, keeps)
            for world, harm in enumerate(harms, start=1)
        ),
    )


def largest(policy: AuditPolicy, people: RunPeople) -> Iterator[tuple[str, str]]:
    """Of each attribute that may block, the largest group but the reference."""
    sizes = np.bincount(people.of[people.person], minlength=len(people.combinations))
    for at, (name, attribute) in enumerate(policy.attributes.items()):
        if caution_of(policy, name) is not None:
            continue
        by_group: dict[str, int] = {}
        for combination, size in zip(people.combinations, sizes.tolist(), strict=True):
            by_group[combination[at]] = by_group.get(combination[at], 0) + size
        for other in (UNKNOWN, attribute.reference_group):
            by_group.pop(other, None)
        if by_group:
            yield name, max(sorted(by_group), key=by_group.__getitem__)


def _chunk(layout: Layout) -> int:
    """Runs at a time: as many as a course is fastest with, if they fit."""
    people = layout.people
    numbers = len(people.combinations) * people.places + len(people.again)
    if len(people.again):
        numbers += len(people.combinations) * len(people.starts) ** 2
    return max(1, min(_CHUNK, _NUMBERS // numbers))


def _of_fair(
    policy: AuditPolicy,
    people: RunPeople,
    fair: Judged,
    keeps: dict[tuple[object, int], bool],
) -> dict[str, Any]:
    from scipy.stats import binomtest

    runs = len(fair.failed)
    kept = np.array([keeps[each] for each in fair.tested])
    false = fair.failed & kept
    blocked = _share(false.any(axis=-1))
    years = ceil(len(people.starts) / UNITS_A_YEAR[people.unit])
    bound = min(1.0, float(policy.error_rate.alpha) * years)
    return {
        "bound": bound,
        "p_value": float(binomtest(blocked.runs, runs, bound, alternative="greater").pvalue),
        "blocked": blocked,
        "paths": tuple(
            Path(
                name=name,
                hypotheses=len(pairs),
                broken=int((~kept[pairs]).sum()),
                blocked=_share(false[:, pairs].any(axis=-1)),
                passed=_share(fair.passes[:, cases].all(axis=-1)),
                failed=_share(fair.fails[:, cases].any(axis=-1)),
            )
            for name, pairs, cases in conditions(fair)
        ),
        "passed": _share(fair.is_passed),
        "failed": _share(fair.is_blocked),
    }


def _found(
    judged: Judged,
    harm: Harm,
    asked: Asked,
    layout: Layout,
    keeps: dict[tuple[object, int], bool],
) -> Found:
    """Failures of limits that the harm alone breaks."""
    still = asked.keeps(ShuffledEvidence.expected(layout, harm))
    broken = np.array([keeps[each] and not still[each] for each in judged.tested])
    return Found(
        attribute=harm.attribute,
        group=harm.group,
        ratio=harm.ratio,
        failed=_share(judged.failed[:, broken].any(axis=-1)),
    )


def _share(runs: Any) -> Share:
    """Of the runs that it is true of; an array of them."""
    return Share.counted(int(runs.sum()), len(runs))
