"""A measured file as a person reads it: the worst disparities in sentences, then the headlines."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from fairness_audit.cli.measure.expected import print_expected
from fairness_audit.cli.measure.figures import Result, is_everybody, level, percent
from fairness_audit.cli.measure.headlines import headlines, size_of, worst
from fairness_audit.cli.measure.tables import print_every_figure, print_headlines
from fairness_audit.cli.names import listed
from fairness_audit.cli.printing import say
from fairness_audit.policy.base import UNKNOWN

if TYPE_CHECKING:
    from fairness_audit.steps.measure.counting.input_file import InputFile
    from fairness_audit.steps.measure.counting.plan import Plan

_WITHOUT_WEIGHTS = ("decision", "value", "rank")
"""Parts whose figures count rows, weighted or not."""
_NOT_WEIGHTED = "its figures do not use the weights"


def print_summary(
    found: Sequence[Result],
    input_file: "InputFile",
    plan: "Plan",
    smallest: int,
    notices: Sequence[str] = (),
) -> None:
    """Print what a person wants to know first, and say what else there is.

    Groups of fewer people, or else rows, than ``smallest`` are marked, and no sentence is about
    one. ``notices`` say what was taken for granted of the file.
    """
    headings = headlines(selected_is_favourable=plan.selected_is_favourable)
    rows = max((each["n"] for each in found if is_everybody(each)), default=0)
    for line in _about(found, input_file, plan, rows):
        say(line)
    for notice in notices:
        say(notice, hang=2)
    say()
    for attribute, disparity in worst(found, headings, plan.references, smallest).items():
        say(f"{attribute}: {disparity.sentence(rows, plan.confidence)}", hang=2)
    shown = print_expected(found, plan, smallest)
    certain = [each for each in found if each["attribute"] not in plan.probabilities]
    if not print_headlines(certain, headings, dict(plan.references), smallest) and not shown:
        print_every_figure(found)
        return
    say()
    for line in _notes(certain, input_file, plan, smallest):
        say(line, hang=2)


def _about(
    found: Sequence[Result], input_file: "InputFile", plan: "Plan", rows: int
) -> Iterator[str]:
    """Which column plays which part, and what it holds all in all."""
    yield f"{input_file.path.name}: {rows:,} rows"
    overall = {
        each["metric"]: each for each in found if is_everybody(each) and each["stratum"] is None
    }
    better = "" if plan.selected_is_favourable else "; better is false"
    for part, column, metric, more in (
        ("selected", input_file.selected, "selection_rate", better),
        ("outcome", input_file.outcome, "base_rate", ""),
    ):
        if column is not None and metric in overall:
            each = overall[metric]
            share = "none" if each["value"] is None else percent(each["value"])
            yield f"{part:<9} {column}: true in {share}{_known(each, input_file, rows)}{more}"
    for part in ("score", "decision", "value", "rank", "weight"):
        if (column := getattr(input_file, part)) is not None:
            unweighted = input_file.weight is not None and part in _WITHOUT_WEIGHTS
            yield f"{part:<9} {column}{f' ({_NOT_WEIGHTED})' * unweighted}"
    if input_file.subject is not None:
        yield f"subject   {input_file.subject}: {_subjects(overall, found)}"


def told_of_weights(input_file: "InputFile") -> Iterator[str]:
    """Of which columns the figures count rows, though the rows have weights."""
    if input_file.weight is not None:
        for part in _WITHOUT_WEIGHTS:
            if (column := getattr(input_file, part)) is not None:
                yield f"{column}: {_NOT_WEIGHTED}"
        if input_file.features:
            yield f"{', '.join(input_file.features)}: {_NOT_WEIGHTED}"


def _subjects(overall: Mapping[str, Result], found: Sequence[Result]) -> str:
    """How many there are, and how often one is decided about."""
    one = next(iter(overall.values()))
    subjects, most = one["subjects"], one["most_decisions"]
    if most == 1:
        return f"{subjects:,} subjects, each decided about once"
    several = {each["attribute"]: each["in_several"] for each in found if each["in_several"]}
    moved = "".join(f"; {n:,} in several groups of {name}" for name, n in several.items())
    return (
        f"{subjects:,} subjects, at most {most:,} decisions about one; intervals and tests are by"
        f" subject{moved}"
    )


def _known(rate: Result, input_file: "InputFile", rows: int) -> str:
    """Of how many it is the share, where that is not everybody."""
    if input_file.weight is not None:
        return " of the weight" if rate["metric"] == "selection_rate" else " of the known weight"
    known = rate["denominator"]
    return "" if known == rows else f" of the {known:,} rows where it is known"


def _notes(
    found: Sequence[Result], input_file: "InputFile", plan: "Plan", smallest: int
) -> Iterator[str]:
    """What must be known to read the tables."""
    unit = "rows" if input_file.subject is None else "subjects"
    single = {
        (each["attribute"], each["group"]): size_of(each)
        for each in found
        if each["stratum"] is None and each["reference"] is None and not is_everybody(each)
    }
    small = [
        f"{group} ({n:,})" for (_, group), n in single.items() if n < smallest and group != UNKNOWN
    ]
    if small:
        few = listed(dict.fromkeys(small))
        yield f"Fewer than {smallest:,} {unit}, which say little: {few}."
    empty = [f"{name} ({n:,})" for (name, group), n in single.items() if group == UNKNOWN]
    if empty:
        yield f"unknown: {unit} without a value of {listed(empty)}."
    yield (
        f"Below each figure is its {level(plan.confidence)}. It holds for one figure: among many,"
        " some miss by chance. An audit allows for that, this table does not."
    )
    yield "Every figure: --all, or --format json. What they mean: fairness-audit metrics."
