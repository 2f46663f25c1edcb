"""How an audit is composed: its steps in their order, and what each takes and gives.

Airflow's tasks, the audit of a candidate and a replay all follow this page; the DAG files spell
the same flow for their readers, and a test fails where one of them differs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final, Self

from fairness_audit.records.comparison import ComparisonFile
from fairness_audit.records.door import StepResult
from fairness_audit.records.finding import Judgement
from fairness_audit.records.measurement import MeasurementFile
from fairness_audit.records.population import Population
from fairness_audit.records.signed.audit import GateDecision, PublishedRecord
from fairness_audit.records.snapshot import Snapshot
from fairness_audit.records.validation import ValidationReport


class Step(StrEnum):
    """The steps of an audit; ``score`` and ``compare`` are of a candidate's only."""

    EXTRACT = "extract"
    ASSEMBLE = "assemble"
    SCORE = "score"
    VALIDATE = "validate"
    MEASURE = "measure"
    JUDGE = "judge"
    COMPARE = "compare"
    PUBLISH = "publish"
    GATE = "gate"


@dataclass(frozen=True)
class Part:
    """One step: what it ``takes`` by name, and the door it gives, under the names in ``gives``.

    What it takes ``if_given`` is given by steps that not every audit has. Of what two steps give
    under one name, a later step takes the newer. ``after`` names steps that must be done before,
    although nothing of theirs is taken.
    """

    step: StrEnum
    door: type[StepResult]
    gives: tuple[str, ...]
    takes: tuple[str, ...] = ()
    if_given: tuple[str, ...] = ()
    after: tuple[StrEnum, ...] = ()


@dataclass(frozen=True)
class Flow:
    """Steps in their order. What a step takes, one before it gives."""

    parts: tuple[Part, ...]

    def __post_init__(self) -> None:
        for part in self.parts:
            if absent := set(part.takes) - set(self._given_before(part.step)):
                raise ValueError(f"{part.step} takes {', '.join(sorted(absent))}: nobody gives it")

    @property
    def steps(self) -> tuple[str, ...]:
        """The names of the steps, in order."""
        return tuple(part.step.value for part in self.parts)

    @property
    def doors(self) -> dict[str, type[StepResult]]:
        """What kind of thing is given under each name."""
        return {name: part.door for part in self.parts for name in part.gives}

    def part(self, step: str) -> Part:
        """The description of one step.

        Raises:
            KeyError: when the flow has no such step.
        """
        return {part.step.value: part for part in self.parts}[step]

    def givers(self, step: str) -> dict[str, str]:
        """What the step takes, and which step gives it."""
        part, given = self.part(step), self._given_before(step)
        return {name: given[name] for name in (*part.takes, *part.if_given) if name in given}

    def upstream(self, step: str) -> set[str]:
        """The steps that this one waits for."""
        return {*self.givers(step).values(), *(each.value for each in self.part(step).after)}

    def with_step(self, added: Part, *, after: StrEnum) -> Self:
        """The same flow with one more step."""
        place = self.steps.index(after.value) + 1
        return replace(self, parts=(*self.parts[:place], added, *self.parts[place:]))

    def follow(
        self, done_by: object, given: Mapping[str, StepResult], *, until: StrEnum
    ) -> dict[str, Any]:
        """Take every step whose door is not given yet, in order, as far as ``until``.

        ``done_by`` has a method of each step's name, which takes what the step takes.
        """
        there: dict[str, Any] = dict(given)
        for part in self.parts[: self.steps.index(until.value)]:
            if set(part.gives) <= set(given):
                continue
            does: Callable[..., StepResult] = getattr(done_by, part.step.value)
            gave = does(**{name: there[name] for name in self.givers(part.step.value)})
            there |= dict.fromkeys(part.gives, gave)
        return there

    def _given_before(self, step: str) -> dict[str, str]:
        """Each name under which something is given before a step, and who gave the newest."""
        before = self.parts[: self.steps.index(step)]
        return {name: part.step.value for part in before for name in part.gives}


AUDIT: Final = Flow(
    (
        Part(Step.EXTRACT, Snapshot, gives=("snapshot",)),
        # What was decided is the population, unless a candidate takes the place of who decided.
        Part(Step.ASSEMBLE, Population, gives=("decided", "population"), takes=("snapshot",)),
        Part(Step.VALIDATE, ValidationReport, gives=("validation",), takes=("population",)),
        Part(Step.MEASURE, MeasurementFile, gives=("measurements",), takes=("population",)),
        Part(
            Step.JUDGE,
            Judgement,
            gives=("judgement",),
            takes=("population", "measurements", "validation"),
        ),
        Part(
            Step.PUBLISH,
            PublishedRecord,
            gives=("record",),
            takes=("snapshot", "population", "validation", "measurements", "judgement"),
            if_given=("changes",),
        ),
        Part(Step.GATE, GateDecision, gives=("decision",), takes=("population", "record")),
    )
)
"""The audit of the decisions that a version made."""

CANDIDATE: Final = AUDIT.with_step(
    Part(Step.SCORE, Population, gives=("population",), takes=("snapshot", "decided")),
    after=Step.ASSEMBLE,
).with_step(
    Part(
        Step.COMPARE,
        ComparisonFile,
        gives=("changes",),
        takes=("decided", "population"),
        after=(Step.JUDGE,),
    ),
    after=Step.JUDGE,
)
"""The audit of a version that is not released: it decides again what was decided."""
