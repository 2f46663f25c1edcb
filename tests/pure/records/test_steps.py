"""How an audit is composed: what the description of its steps says of them."""

from enum import StrEnum
from pathlib import Path

import pytest

from fairness_audit.records.comparison import ComparisonFile
from fairness_audit.records.door import StepResult
from fairness_audit.records.finding import Judgement, Verdict
from fairness_audit.records.measurement import MeasurementFile
from fairness_audit.records.population import Population
from fairness_audit.records.signed.audit import GateDecision, PublishedRecord
from fairness_audit.records.snapshot import Snapshot
from fairness_audit.records.steps import AUDIT, CANDIDATE, Flow, Part, Step
from fairness_audit.records.validation import ValidationReport
from tests.builders.published import a_finding


class MadeUp(StrEnum):
    """A step that no audit has yet."""

    EXPLAIN = "explain"


class Explanation(StepResult):
    """What it gives."""

    cause: str

    @property
    def summary(self) -> str:
        """The cause."""
        return f"because of {self.cause}"


EXPLAIN = Part(MadeUp.EXPLAIN, Explanation, gives=("explanation",), takes=("judgement",))
EXPLAINED = AUDIT.with_step(EXPLAIN, after=Step.JUDGE)


def test_the_steps_of_an_audit_in_their_order() -> None:
    assert AUDIT.steps == (
        "extract",
        "assemble",
        "validate",
        "measure",
        "judge",
        "publish",
        "gate",
    )
    assert CANDIDATE.steps == tuple(step.value for step in Step)


def test_the_doors_between_the_steps() -> None:
    assert AUDIT.doors == {
        "snapshot": Snapshot,
        "decided": Population,
        "population": Population,
        "validation": ValidationReport,
        "measurements": MeasurementFile,
        "judgement": Judgement,
        "record": PublishedRecord,
        "decision": GateDecision,
    }
    assert CANDIDATE.doors == AUDIT.doors | {"changes": ComparisonFile}


def test_what_a_candidate_would_decide_takes_the_place_of_what_was_decided() -> None:
    assert AUDIT.givers("measure") == {"population": "assemble"}
    assert CANDIDATE.givers("measure") == {"population": "score"}
    assert CANDIDATE.givers("compare") == {"decided": "assemble", "population": "score"}


def test_a_record_waits_for_all_that_it_tells_of() -> None:
    assert AUDIT.upstream("publish") == {"extract", "assemble", "validate", "measure", "judge"}
    assert CANDIDATE.upstream("publish") == {
        "extract",
        "score",
        "validate",
        "measure",
        "judge",
        "compare",
    }
    assert CANDIDATE.upstream("compare") == {"assemble", "score", "judge"}


def test_what_nobody_gives_cannot_be_taken() -> None:
    taker = Part(MadeUp.EXPLAIN, Explanation, gives=("explanation",), takes=("record", "cause"))
    with pytest.raises(ValueError, match="explain takes cause, record: nobody gives it"):
        AUDIT.with_step(taker, after=Step.JUDGE)
    with pytest.raises(ValueError, match="validate takes population: nobody gives it"):
        Flow(AUDIT.parts[2:])


class Steps:
    """Steps that note what they were given, and give what is there."""

    def __init__(self, there: dict[str, StepResult]) -> None:
        self.taken: list[tuple[str, list[str]]] = []
        self._there = there

    def __getattr__(self, step: str) -> object:
        def does(**taken: StepResult) -> StepResult:
            self.taken.append((step, sorted(taken)))
            return self._there[step]

        return does


def test_a_made_up_step_is_followed_in_its_place() -> None:
    judgement = Judgement(verdict=Verdict.PASS, findings=(a_finding(),))
    explanation = Explanation(cause="chance")
    steps = Steps({"judge": judgement, "explain": explanation})
    known = {
        name: MeasurementFile(
            path=Path("m"), digest="0", rows=1, confidence=0.95, population_digest="0",
            population_rows=1, labelled_rows=1, selected_rows=1,
        )
        for name in ("snapshot", "decided", "population", "validation", "measurements")
    }  # fmt: skip
    made = EXPLAINED.follow(steps, known, until=Step.PUBLISH)
    assert steps.taken == [
        ("judge", ["measurements", "population", "validation"]),
        ("explain", ["judgement"]),
    ]
    assert (made["judgement"], made["explanation"]) == (judgement, explanation)
