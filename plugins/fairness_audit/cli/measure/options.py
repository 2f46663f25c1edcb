"""The options of `measure`, and what they mean."""

import csv
from collections.abc import Collection, Iterator, Mapping, Sequence
from difflib import get_close_matches
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fairness_audit.errors import InputError

if TYPE_CHECKING:
    from fairness_audit.policy.metrics import Needs
    from fairness_audit.steps.measure.counting.plan import Compat
    from fairness_audit.tabular.dialect import Dialect


class Favourable(StrEnum):
    """Which decision is good for the subject."""

    SELECTED = "selected"
    NOT_SELECTED = "not_selected"


File = Annotated[
    Path,
    typer.Argument(
        metavar="FILE",
        help="CSV, JSON lines or Parquet, packed with gzip or not; or a folder of Parquet parts.",
    ),
]
Attributes = Annotated[
    list[str] | None,
    typer.Option(
        "--attr", "--attribute", metavar="COLUMN", help="A protected attribute. Repeat for more."
    ),
]
Probabilities = Annotated[
    list[str] | None,
    typer.Option(
        "--probability",
        metavar="ATTRIBUTE:GROUP=COLUMN,...",
        help="An attribute known by the probability of each group alone.",
    ),
]
Outcome = Annotated[
    str | None, typer.Option(metavar="COLUMN", help="What happened: 0, 1, yes, no, or empty.")
]
Selected = Annotated[
    str | None, typer.Option(metavar="COLUMN", help="What was decided: 0, 1, yes or no.")
]
Positives = Annotated[
    list[str] | None,
    typer.Option(
        metavar="VALUE",
        help="A word for a true outcome or decision; all others there are false. Repeat for more.",
    ),
]
Unknown = Annotated[
    list[str] | None,
    typer.Option(
        metavar="VALUE",
        help="Also counts as an unknown group, as N/A, NULL and the like do. Repeat for more.",
    ),
]
AsWritten = Annotated[
    bool,
    typer.Option("--groups-as-written", help="N/A, NULL and the like are groups as all others."),
]
Bins = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMN=A,B,...",
        help="Groups of a numeric attribute: below A, from A to below B, …",
    ),
]
Delimiter = Annotated[
    str | None,
    typer.Option(metavar="CHARACTER", help="Between the cells of CSV. Default: as in the header."),
]
Encoding = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Of text: utf-8, cp1252, … Default: found in the file."),
]
Decimal = Annotated[
    str | None, typer.Option(metavar="CHARACTER", help="The decimal mark: a point or a comma.")
]
Score = Annotated[
    str | None, typer.Option(metavar="COLUMN", help="The score behind the decision.")
]
DecisionColumn = Annotated[
    str | None, typer.Option(metavar="COLUMN", help="A decision of several classes.")
]
ValueColumn = Annotated[str | None, typer.Option(metavar="COLUMN", help="A numeric outcome.")]
Rank = Annotated[str | None, typer.Option(metavar="COLUMN", help="Place in a list, from 1.")]
Weight = Annotated[str | None, typer.Option(metavar="COLUMN", help="Weight of the row, above 0.")]
Subject = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="Who the row is about: people are counted, not rows."),
]
ListColumn = Annotated[
    str | None, typer.Option("--list", metavar="COLUMN", help="Which list. Default: one.")
]
Features = Annotated[
    list[str] | None,
    typer.Option(metavar="COLUMN", help="A number the model saw, to find people alike by."),
]
Intersections = Annotated[
    list[str] | None, typer.Option(metavar="A,B", help="Attributes taken together.")
]
Strata = Annotated[
    list[str] | None, typer.Option(metavar="COLUMN", help="Also measure within its values.")
]
References = Annotated[
    list[str] | None, typer.Option(metavar="ATTRIBUTE=GROUP", help="Compare with this group.")
]
FavourableDecision = Annotated[
    Favourable, typer.Option(help="Which decision is good for the subject.")
]
Metrics = Annotated[
    list[str] | None, typer.Option(metavar="NAME", help="Only this metric, by name or code.")
]
Conventions = Annotated[
    str | None,
    typer.Option(
        metavar="SYSTEM",
        help="Follow the conventions of smclarify, aequitas, fairlearn or lift.",
    ),
]
Confidence = Annotated[float, typer.Option(help="Of every interval.")]
Tau = Annotated[str, typer.Option(help="Parity is a ratio from tau to 1/tau.")]
Depth = Annotated[
    int, typer.Option(min=0, max=5, help="Search subgroups of up to so many attributes.")
]
Resamples = Annotated[int, typer.Option(min=0, max=100_000, help="Of the bootstrap; 0: none.")]
MinGroupSize = Annotated[
    int,
    typer.Option(
        min=1, help="Smaller groups are marked, head no finding, and are not the best of several."
    ),
]
All = Annotated[
    bool, typer.Option("--all", help="Print every figure, not the most important alone.")
]


def metric_named(name: str) -> str:
    """The full name of the metric of that name or code."""
    from fairness_audit.steps.measure.catalogue import CATALOGUE, named

    found = named(name)
    if found is None:
        near = get_close_matches(name, [each.name for each in CATALOGUE], 3, 0.5)
        also = f"; near are {', '.join(near)}" if near else ""
        raise InputError(
            f"--metric {name}: no such metric (`fairness-audit metrics` lists them{also})"
        )
    return found.name


def check_needs(metrics: Sequence[str], columns: Collection["Needs"]) -> None:
    """Refuse a metric that needs a column which nobody named.

    Raises:
        InputError: says which.
    """
    from fairness_audit.steps.measure.catalogue import named

    for name in metrics:
        metric = named(name)
        missing = [need for need in metric.needs if need not in columns] if metric else []
        if missing:
            options = " and ".join(f"--{need}" for need in missing)
            raise InputError(f"--metric {name}: needs another column (name it with {options})")


def conventions_of(system: str | None) -> "Compat | None":
    """The system of that name."""
    from fairness_audit.steps.measure.counting.plan import Compat

    if system is None:
        return None
    try:
        return Compat(system)
    except ValueError:
        raise InputError(f"--compat {system}: name one of {', '.join(Compat)}") from None


def dialect_of(delimiter: str | None, encoding: str | None) -> "Dialect":
    """How text files are said to be written; a tab may be called `tab`."""
    from fairness_audit.tabular.dialect import Dialect

    return Dialect("\t" if delimiter in ("tab", "\\t") else delimiter, encoding)


def decimal_of(given: str | None) -> str | None:
    """A decimal mark that there is."""
    if given not in (None, ".", ","):
        raise InputError(f"--decimal {given}: write a point or a comma")
    return given


def unknown_of(given: Sequence[str], *, as_written: bool) -> frozenset[str]:
    """The words for an unknown group, as they are compared."""
    from fairness_audit.steps.measure.counting.given_cells import UNKNOWN_WORDS, plain

    return frozenset(map(plain, given)) | (frozenset() if as_written else UNKNOWN_WORDS)


def bins_of(given: Sequence[str], attributes: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Per numeric attribute the numbers at which a new band begins."""
    found: dict[str, tuple[str, ...]] = {}
    for each in given:
        name, _, listed = each.rpartition("=")
        edges = tuple(edge.strip() for edge in listed.split(","))
        try:
            numbers = [float(edge) for edge in edges]
        except ValueError:
            numbers = []
        if not name or not numbers or any(a >= b for a, b in pairwise(numbers)):
            raise InputError(f"--bins {each}: write COLUMN=30,50 with ascending numbers")
        if name not in attributes:
            raise InputError(f"--bins {each}: add --attr {name}")
        found[name] = edges
    return found


def groupings_of(
    attributes: tuple[str, ...], intersections: list[str]
) -> dict[str, tuple[str, ...]]:
    """Every attribute, then every intersection, with the attributes it combines."""
    found: dict[str, tuple[str, ...]] = {name: (name,) for name in attributes}
    for given in intersections:
        parts = _parts(given, attributes)
        name = "*".join(parts)
        if found.setdefault(name, parts) != parts:
            raise InputError(f"--intersect {given}: {name} is an attribute already (rename it)")
    return found


def _parts(given: str, attributes: tuple[str, ...]) -> tuple[str, ...]:
    """The attributes of an intersection, whose names may hold a comma themselves."""
    ways = list(_ways(given.strip(), attributes))
    if not ways:
        names = [part.strip() for part in given.replace("*", ",").split(",")]
        missing = next((name for name in names if name not in attributes), None)
        if missing:
            raise InputError(f"--intersect {given}: add --attr {missing}")
    several = [way for way in ways if len(set(way)) == len(way) > 1]
    if len(several) > 1:
        raise InputError(f"--intersect {given}: may be divided in several ways (rename a column)")
    if not several:
        raise InputError(f"--intersect {given}: name two or more different attributes")
    return several[0]


def _ways(given: str, attributes: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Every way to read names of attributes, divided by commas or asterisks."""
    for name in attributes:
        if given == name:
            yield (name,)
        elif given.startswith(name):
            rest = given.removeprefix(name).lstrip()
            if rest.startswith((",", "*")):
                yield from ((name, *way) for way in _ways(rest[1:].lstrip(), attributes))


def probabilities_of(
    given: list[str], attributes: tuple[str, ...] = ()
) -> dict[str, dict[str, str]]:
    """Per attribute that is known by probabilities, the column of each group."""
    found: dict[str, dict[str, str]] = {}
    for each in given:
        name, colon, listed = each.partition(":")
        # A column whose name holds a comma is quoted with its group: `"A=p, a",B=p_b`.
        parts = next(csv.reader([listed], skipinitialspace=True), [])
        pairs = [part.partition("=") for part in parts]
        groups = {group.strip(): column.strip() for group, _, column in pairs}
        is_whole = colon and name.strip() and all(groups) and all(groups.values())
        if not is_whole or len(pairs) < 2:
            raise InputError(
                f"--probability {each}: write ATTRIBUTE:GROUP=COLUMN,GROUP=COLUMN with all groups"
            )
        if len(groups) != len(pairs) or len(set(groups.values())) != len(pairs):
            raise InputError(f"--probability {each}: name each group and each column once")
        if name.strip() in (*found, *attributes):
            raise InputError(f"--probability {each}: {name.strip()} is an attribute already")
        found[name.strip()] = groups
    return found


def references_of(
    attributes: tuple[str, ...],
    intersections: list[str],
    references: list[str],
    probabilities: Mapping[str, Mapping[str, str]],
) -> dict[str, str]:
    """Reference group per grouping; an intersection has one if all its attributes have."""
    from fairness_audit.steps.measure.counting.plan import JOINT

    groupings = groupings_of(attributes, intersections)
    groupings |= {name: (name,) for name in probabilities}
    found: dict[str, str] = {}
    for each in references:
        name = max((n for n in groupings if each.startswith(f"{n}=")), key=len, default=None)
        if name is None:
            raise InputError(
                f"--reference {each}: write ATTRIBUTE=GROUP, with one of {', '.join(groupings)}"
            )
        group = each.removeprefix(f"{name}=")
        if name in found:
            raise InputError(f"--reference {each}: {name} has a reference group already")
        if group not in probabilities.get(name, {group: ""}):
            groups = ", ".join(probabilities[name])
            raise InputError(f"--reference {each}: no such group (there are {groups})")
        found[name] = group
    for name, parts in groupings.items():
        if len(parts) > 1 and name not in found and all(part in found for part in parts):
            found[name] = JOINT.join(found[part] for part in parts)
    return found


def confidence_of(given: float) -> float:
    """A confidence that intervals can have."""
    if not 0.5 <= given < 1:
        raise InputError(f"--confidence {given}: must lie from 0.5 to below 1")
    return given


def tau_of(given: str) -> Fraction:
    """An exact fraction between 0 and 1."""
    try:
        tau = Fraction(given)
    except (ValueError, ZeroDivisionError) as error:
        raise InputError(f"--tau {given}: write a fraction such as 4/5") from error
    if not 0 < tau < 1:
        raise InputError(f"--tau {given}: must lie strictly between 0 and 1")
    return tau
