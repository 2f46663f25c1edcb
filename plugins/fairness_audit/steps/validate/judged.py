"""What the custom expectations find, as pure functions of the small tables.

Shares are compared as exact fractions: a group with exactly four fifths of its reference share is
not under-represented. What is seen is told in whole per cent, never as a number of people: a few
of them are easily somebody.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from fairness_audit.policy.base import UNKNOWN


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
    counts: Sequence[GroupCount], reference_shares: Mapping[str, str], minimum_ratio: str
) -> list[Seen]:
    """Hold each group's share among the known against its share in the reference population."""
    sizes = {each.group: each.decisions for each in counts if each.group != UNKNOWN}
    known = sum(sizes.values())
    return [
        _represented(group, sizes.get(group, 0), known, Fraction(share), Fraction(minimum_ratio))
        for group, share in reference_shares.items()
    ]


def _represented(group: str, size: int, known: int, share: Fraction, ratio: Fraction) -> Seen:
    passed = known > 0 and Fraction(size, known) >= ratio * share
    observed = _percent(size, known)
    expected = _percent(share.numerator, share.denominator)
    verb = "has" if passed else "has only"
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


def known_share(counts: Sequence[GroupCount], minimum: str) -> list[Seen]:
    """The share of decisions whose group is known."""
    total = sum(each.decisions for each in counts)
    known = sum(each.decisions for each in counts if each.group != UNKNOWN)
    passed = total > 0 and Fraction(known, total) >= Fraction(minimum)
    observed = _percent(known, total)
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


def label_balance(counts: Sequence[GroupCount], maximum_gap: str, minimum_size: int) -> list[Seen]:
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
    return [_balanced(each, overall, Fraction(maximum_gap)) for each in judged]


def _balanced(each: GroupCount, overall: Fraction, maximum: Fraction) -> Seen:
    gap = Fraction(each.positives, each.labelled) - overall
    observed = _percent(each.positives, each.labelled)
    return Seen(
        each.group,
        abs(gap) <= maximum,
        observed,
        f"{each.group} has a positive outcome in {observed} of its decisions with a known"
        f" outcome, {100 * float(gap):+.0f} points from all groups together;"
        f" {maximum} is allowed.",
        limit=str(maximum),
    )


def free_of(defect: str, affected: int, decisions: int) -> list[Seen]:
    """No decision has a defect."""
    share = _percent(affected, decisions) if affected else "none"
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


def _percent(part: int, whole: int) -> str:
    """A share in whole per cent; a dash for a share of nothing."""
    if not whole:
        return "–"
    if 0 < 100 * part < whole:
        return "less than 1 %"
    return f"{100 * part / whole:.0f} %"
