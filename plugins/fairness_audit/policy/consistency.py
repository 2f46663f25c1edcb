"""Names that one part of a policy uses and another must declare.

Works on the raw content of a policy file, however malformed, so that these faults are reported
together with the faults of single fields.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

FieldPath = tuple[str | int, ...]
Rules = Mapping[FieldPath, Mapping[str, Any]]
"""Rules of both kinds, by where they stand."""


class Inconsistency(NamedTuple):
    """A name that does not fit, where it stands, and what to do about it."""

    where: FieldPath
    fault: str
    cure: str


def inconsistencies(content: Mapping[str, Any]) -> Iterator[Inconsistency]:
    """Yield every undeclared name and every id given twice."""
    attributes = [str(name) for name in _mapping(content.get("attributes"))]
    intersections = [
        tuple(map(str, _list(parts))) for parts in _list(content.get("intersections"))
    ]
    yield from _undeclared_parts(intersections, attributes)
    groupings = attributes + ["*".join(parts) for parts in intersections]
    rules: Rules = {
        (field, index): _mapping(rule)
        for field in ("rules", "gaps")
        for index, rule in enumerate(_list(content.get(field)))
    }
    strata = [str(name) for name in _list(content.get("strata"))]
    yield from _undeclared_groupings(rules, groupings)
    yield from _undeclared_strata(rules, strata, attributes)
    yield from _repeated_ids(rules)


def _undeclared_parts(
    intersections: list[tuple[str, ...]], attributes: list[str]
) -> Iterator[Inconsistency]:
    for index, parts in enumerate(intersections):
        for name in parts:
            if name not in attributes:
                yield Inconsistency(
                    ("intersections", index),
                    f"attribute {name!r} is not declared",
                    f"declare it under attributes, or use one of {attributes}",
                )


def _undeclared_groupings(rules: Rules, groupings: list[str]) -> Iterator[Inconsistency]:
    for where, rule in rules.items():
        for position, grouping in enumerate(_list(rule.get("attributes"))):
            if grouping not in groupings:
                yield Inconsistency(
                    (*where, "attributes", position),
                    f"{grouping!r} is not declared",
                    f"declare it under attributes or intersections, or use one of {groupings}",
                )


def _undeclared_strata(
    rules: Rules, strata: list[str], attributes: list[str]
) -> Iterator[Inconsistency]:
    """Within strata only single attributes are counted."""
    for where, rule in rules.items():
        within = rule.get("within")
        if within is None:
            continue
        if within not in strata:
            yield Inconsistency(
                (*where, "within"),
                f"stratum {within!r} is not declared",
                f"declare it under strata, or use one of {strata}",
            )
        for position, grouping in enumerate(_list(rule.get("attributes"))):
            if grouping not in attributes:
                yield Inconsistency(
                    (*where, "attributes", position),
                    f"{grouping!r} is not counted within strata",
                    f"use one of {attributes}",
                )


def _repeated_ids(rules: Rules) -> Iterator[Inconsistency]:
    times = Counter(str(rule.get("id")) for rule in rules.values() if "id" in rule)
    for where, rule in rules.items():
        if times[str(rule.get("id"))] > 1:
            yield Inconsistency(
                (*where, "id"),
                f"the id {rule['id']!r} is given to {times[str(rule['id'])]} rules",
                "give each rule an id of its own",
            )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else []
