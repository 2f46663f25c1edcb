"""What the custom expectations find, as pure functions of the small tables.

Shares are compared as exact fractions: a group with exactly four fifths of its reference share is
not under-represented.
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
    """What was seen of one group (or of the attribute, where ``group`` is None)."""

    group: str | None
    passed: bool
    observed: str
    sentence: str


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
        f"{group} {verb} {observed} of the decisions with a known group ({size:,} of {known:,});"
        f" the reference population has {expected}, and {ratio} of that is asked for.",
    )


def group_sizes(counts: Sequence[GroupCount], minimum: int) -> list[Seen]:
    """Which known groups are large enough to be judged at all."""
    return [_sized(each, minimum) for each in counts if each.group != UNKNOWN] or [
        Seen(None, False, "0", "No decision has a known group.")
    ]


def _sized(each: GroupCount, minimum: int) -> Seen:
    """The size of a small group is not told: few people are easily somebody."""
    if each.decisions < minimum:
        size = f"fewer than {minimum:,}"
        sentence = f"{each.group} has {size} decisions, too few to judge it."
        return Seen(each.group, False, size, sentence)
    size = f"{each.decisions:,}"
    sentence = f"{each.group} has {size} decisions; {minimum:,} are needed to judge it."
    return Seen(each.group, True, size, sentence)


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
            f"The group is known for {observed} of the decisions ({known:,} of {total:,});"
            f" at least {minimum} is asked for.",
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
        f"{each.group} has a positive outcome in {observed} of its {each.labelled:,} labelled"
        f" decisions, {100 * float(gap):+.1f} points from all groups together;"
        f" {maximum} is allowed.",
    )


def free_of(defect: str, affected: int, decisions: int) -> list[Seen]:
    """No decision has a defect."""
    return [
        Seen(
            None,
            affected == 0,
            f"{affected:,} of {decisions:,}",
            f"{affected:,} of {decisions:,} decisions have {defect}.",
        )
    ]


def at_least(what: str, found: int, minimum: int) -> list[Seen]:
    """There are enough decisions of a kind."""
    return [
        Seen(
            None,
            found >= minimum,
            f"{found:,}",
            f"There are {found:,} {what}; at least {minimum:,} is asked for.",
        )
    ]


def _percent(part: int, whole: int) -> str:
    """A share as a percentage with one decimal; a dash for a share of nothing."""
    return f"{100 * part / whole:.1f} %" if whole else "–"
