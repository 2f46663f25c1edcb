"""What the custom expectations find, as pure functions of the small tables.

Shares are compared as exact fractions: a group with exactly four fifths of its reference share is
not under-represented. What is seen is told in whole per cent, never as a number of people: a few
of them are easily somebody. Of fewer than ``least`` a share is told more roughly still.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from fairness_audit.policy.base import UNKNOWN
from fairness_audit.statistics.small_counts import percent_told, told


@dataclass(frozen=True)
class GroupCount:
    """Decisions, known outcomes and positive outcomes of one group of one attribute."""

    group: str
    decisions: int
    labelled: int
    positives: int


@dataclass(frozen=True)
class Seen:
    """What was seen of one group (or of the attribute, where ``group`` is None).

    Where a share or rate of people was held to a limit, ``limit`` is that, an exact fraction, and
    ``stated`` the share that it is a fraction of, if any: the verdict about it is found from the
    evidence of all weeks, and what passes here is what these rows show.
    """

    group: str | None
    passed: bool
    observed: str
    sentence: str
    limit: str | None = None
    stated: str | None = None


def representation(
    counts: Sequence[GroupCount],
    reference_shares: Mapping[str, str],
    minimum_ratio: str,
    *,
    least: int = 1,
) -> list[Seen]:
    """Hold each group's share among the known against its share in the reference population."""
    sizes = {each.group: each.decisions for each in counts if each.group != UNKNOWN}
    known = sum(sizes.values())
    return [
        _represented(
            group,
            percent_told(sizes.get(group, 0), known, least),
            Fraction(sizes.get(group, 0), known) if known else None,
            Fraction(share),
            Fraction(minimum_ratio),
        )
        for group, share in reference_shares.items()
    ]


def _represented(
    group: str, observed: str, seen: Fraction | None, share: Fraction, ratio: Fraction
) -> Seen:
    passed = seen is not None and seen >= ratio * share
    expected = percent_told(share.numerator, share.denominator, 1)
    verb = "has only" if not passed and observed[0].isdigit() else "has"
    return Seen(
        group,
        passed,
        observed,
        f"{group} {verb} {observed} of the decisions with a known group;"
        f" the reference population has {expected}, and {ratio} of that is asked for.",
        limit=str(ratio),
        stated=str(share),
    )


def group_sizes(counts: Sequence[GroupCount], minimum: int) -> list[Seen]:
    """Which known groups are large enough to be judged at all."""
    return [_sized(each, minimum) for each in counts if each.group != UNKNOWN] or [
        Seen(None, False, "0", "No decision has a known group.")
    ]


def _sized(each: GroupCount, minimum: int) -> Seen:
    passed = each.decisions >= minimum
    size = f"{minimum:,} or more" if passed else f"fewer than {minimum:,}"
    verb = "enough" if passed else "too few"
    return Seen(
        each.group, passed, size, f"{each.group} has {size} decisions, {verb} to judge it."
    )


def known_share(counts: Sequence[GroupCount], minimum: str, *, least: int = 1) -> list[Seen]:
    """The share of decisions whose group is known."""
    total = sum(each.decisions for each in counts)
    known = sum(each.decisions for each in counts if each.group != UNKNOWN)
    passed = total > 0 and Fraction(known, total) >= Fraction(minimum)
    observed = percent_told(known, total, least)
    return [
        Seen(
            None,
            passed,
            observed,
            f"The group is known for {observed} of the decisions; at least {minimum} is asked"
            " for.",
            limit=minimum,
        )
    ]


def label_balance(
    counts: Sequence[GroupCount], maximum_gap: str, minimum_size: int, *, least: int = 1
) -> list[Seen]:
    """How far each group's rate of positive outcomes lies from that of all judged groups."""
    judged = [each for each in counts if each.group != UNKNOWN and each.labelled >= minimum_size]
    if len(judged) < 2:
        sentence = (
            f"Fewer than two groups have {minimum_size:,} known outcomes;"
            " label balance cannot be told."
        )
        return [Seen(None, False, f"{len(judged)} groups", sentence)]
    labelled = sum(each.labelled for each in judged)
    overall = Fraction(sum(each.positives for each in judged), labelled)
    return [_balanced(each, overall, Fraction(maximum_gap), least) for each in judged]


def _balanced(each: GroupCount, overall: Fraction, maximum: Fraction, least: int) -> Seen:
    gap = Fraction(each.positives, each.labelled) - overall
    observed = percent_told(each.positives, each.labelled, least)
    is_told = told(each.positives, each.labelled, least=least) is not None
    away = f"{100 * float(gap):+.0f} points" if is_told else f"{_about(gap)} points"
    return Seen(
        each.group,
        abs(gap) <= maximum,
        observed,
        f"{each.group} has a positive outcome in {observed} of its decisions with a known"
        f" outcome, {away} from all groups together;"
        f" {maximum} is allowed.",
        limit=str(maximum),
    )


def free_of(defect: str, affected: int, decisions: int, *, least: int = 1) -> list[Seen]:
    """No decision has a defect."""
    share = percent_told(affected, decisions, least) if affected else "none"
    sentence = (
        f"{share} of the decisions have {defect}." if affected else f"No decision has {defect}."
    )
    return [Seen(None, affected == 0, share, f"{sentence[0].upper()}{sentence[1:]}")]


def at_least(what: str, found: int, minimum: int) -> list[Seen]:
    """There are enough decisions of a kind."""
    passed = found >= minimum
    size = f"{minimum:,} or more" if passed else f"fewer than {minimum:,}"
    sentence = f"There are {size} {what}"
    return [
        Seen(None, passed, size, f"{sentence}." if passed else f"{sentence}, as are asked for.")
    ]


def _about(gap: Fraction) -> str:
    """A gap to the nearest five points: `+5`."""
    return f"{5 * round(20 * gap):+d}"
