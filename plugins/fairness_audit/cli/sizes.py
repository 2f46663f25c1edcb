"""Sizes that are stated by hand: in a file, or by options."""

from collections.abc import Mapping, Sequence
from itertools import product
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairness_audit.cli.names import existing_file
from fairness_audit.errors import InputError

if TYPE_CHECKING:
    from fairness_audit.policy.model import AuditPolicy
    from fairness_audit.steps.judge.sizes import Sizes

HOW = (
    "name a file with --sizes, or give --decisions-per-week and --rate selection_rate=<share>,"
    " and base_rate and true_positive_rate for rules that need outcomes"
)
_FIELDS = ("decisions_per_week", "rates", "shares")
_RATES = ("selection_rate", "base_rate", "true_positive_rate")
_DAYS = {"day": 1, "week": 7}


def sizes_in(file: Path, policy: "AuditPolicy") -> "Sizes":
    """What a file of YAML states.

    Raises:
        InputError: when it cannot be read, or states what cannot be.
    """
    import yaml

    from fairness_audit.encoding import read_yaml

    try:
        content = read_yaml(existing_file(file, ("*.yaml",), what="sizes file").read_bytes())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: is no YAML (write it as docs/operate.md shows)") from error
    return sizes_of(policy, content, str(file))


def sizes_given(
    policy: "AuditPolicy", decisions: float, rates: Sequence[str], shares: Sequence[str]
) -> "Sizes":
    """What options state: ``rates`` as NAME=SHARE, ``shares`` as GROUPING.GROUP=SHARE.

    Raises:
        InputError: naming the option that states what cannot be.
    """
    content: dict[str, Any] = {"decisions_per_week": decisions, "rates": {}, "shares": {}}
    for each in rates:
        name, value = _assigned("--rate", each)
        content["rates"][name] = value
    for each in shares:
        name, value = _assigned("--share", each)
        grouping, _, group = name.partition(".")
        content["shares"].setdefault(grouping, {})[group] = value
    return sizes_of(policy, content, "options")


def sizes_of(policy: "AuditPolicy", content: Any, where: str) -> "Sizes":
    """The sizes that this content states, for all groupings of a policy.

    Shares that are not stated are those of the reference population; of an intersection those of
    its attributes multiplied.
    """
    from fairness_audit.steps.judge.sizes import stated

    if not isinstance(content, Mapping) or not set(content) <= set(_FIELDS):
        raise InputError(f"{where}: unknown fields (it has {', '.join(_FIELDS)})")
    per_week = _number(where, "decisions_per_week", content.get("decisions_per_week"), 1e9)
    rates = _numbers(where, "rates", content.get("rates"), _RATES)
    if "selection_rate" not in rates:
        raise InputError(f"{where}: rates.selection_rate: missing ({HOW})")
    shares = {
        grouping: _numbers(where, f"shares.{grouping}", groups)
        for grouping, groups in _mapping(where, "shares", content.get("shares")).items()
    }
    try:
        return stated(
            per_week * _DAYS[policy.evidence.unit] / 7,
            shares=_of_all_groupings(policy, shares, where),
            selection_rate=rates["selection_rate"],
            base_rate=rates.get("base_rate"),
            true_positive_rate=rates.get("true_positive_rate"),
        )
    except ValueError as error:
        raise InputError(f"{where}: {error} (correct rates or shares)") from error


def _of_all_groupings(
    policy: "AuditPolicy", given: Mapping[str, Mapping[str, float]], where: str
) -> dict[str, Mapping[str, float]]:
    if unknown := sorted(set(given) - set(policy.groupings)):
        raise InputError(
            f"{where}: shares.{unknown[0]}: no grouping of the policy"
            f" (it has {', '.join(policy.groupings)})"
        )
    found: dict[str, Mapping[str, float]] = {}
    for name, parts in policy.groupings.items():
        if name in given:
            found[name] = given[name]
        elif len(parts) == 1:
            population = policy.attributes[name].reference_population
            if population is None:
                raise InputError(f"{where}: shares.{name}: missing (state each group's share)")
            found[name] = {group: float(share) for group, share in population.shares.items()}
        else:
            found[name] = {
                " * ".join(groups): prod(found[p][g] for p, g in zip(parts, groups, strict=True))
                for groups in product(*(found[part] for part in parts))
            }
    return found


def _assigned(option: str, given: str) -> tuple[str, Any]:
    name, _, value = given.partition("=")
    try:
        return name, float(value)
    except ValueError:
        raise InputError(f"{option} {given}: is no NAME=SHARE (write 0.4 for 40 %)") from None


def _mapping(where: str, field: str, content: Any) -> Mapping[str, Any]:
    if content is None:
        return {}
    if not isinstance(content, Mapping) or not all(isinstance(key, str) for key in content):
        raise InputError(f"{where}: {field}: is no mapping of names (quote numbers and yes or no)")
    return content


def _numbers(
    where: str, field: str, content: Any, known: Sequence[str] | None = None
) -> dict[str, float]:
    found = _mapping(where, field, content)
    for name in found:
        if known is not None and name not in known:
            raise InputError(f"{where}: {field}.{name}: unknown (there are {', '.join(known)})")
    return {name: _number(where, f"{field}.{name}", value, 1) for name, value in found.items()}


def _number(where: str, field: str, value: Any, most: float) -> float:
    if value is None:
        raise InputError(f"{where}: {field}: missing ({HOW})")
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= most:
        raise InputError(f"{where}: {field}: {value!r} is no number above 0 and up to {most:g}")
    return float(value)
