"""What to measure: the groupings of a population, and what their groups are compared with."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction

from fairness_audit.policy.base import UNKNOWN
from fairness_audit.policy.metrics import Needs
from fairness_audit.policy.model import AuditPolicy

JOINT = " * "
"""Between the parts of the name of an intersection's group."""


class Compat(StrEnum):
    """A system whose conventions can be followed, to compare results with it."""

    SMCLARIFY = "smclarify"
    AEQUITAS = "aequitas"
    FAIRLEARN = "fairlearn"
    LIFT = "lift"


@dataclass(frozen=True)
class Plan:
    """What is measured.

    ``groupings`` maps the name of each grouping to the attributes it combines
    (``gender*age_band`` → ``(gender, age_band)``), ``references`` the name of a grouping to its
    reference group; one without an entry has none. ``strata`` are the names of the columns
    ``stratum_<name>`` of the population. Groups of fewer than ``min_group_size`` decisions are
    measured, but never called the best; with ``small_if_need_be`` one is where all are so small.
    ``confidence`` is that of every interval. ``columns`` are
    those the population has. Intervals without a closed form are made of ``resamples`` bootstrap
    resamples; 0 leaves them out. Parity in the sense of Aequitas is a ratio from ``tau`` to its
    inverse. With ``itself`` the impact ratio of the group compared with is listed too. Subgroups
    of up to ``subgroup_depth`` attributes are searched for the one that is worst off. ``compat``
    names the system whose conventions are followed instead of ours. ``probabilities`` maps each
    attribute that is known by probabilities alone to its groups, whose columns
    ``probability_<number>`` are in this order.
    """

    groupings: Mapping[str, tuple[str, ...]]
    references: Mapping[str, str] = field(default_factory=dict)
    strata: tuple[str, ...] = ()
    selected_is_favourable: bool = True
    min_group_size: int = 1
    small_if_need_be: bool = False
    confidence: float = 0.95
    columns: frozenset[Needs] = frozenset({Needs.OUTCOME, Needs.SELECTED})
    resamples: int = 1000
    tau: Fraction = Fraction(4, 5)
    compat: Compat | None = None
    itself: bool = False
    subgroup_depth: int = 0
    probabilities: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, policy: AuditPolicy, more: Iterable[Needs] = ()) -> "Plan":
        """What the policy of an audit wants measured, of a population that has ``more``."""
        return cls(
            groupings=policy.groupings,
            references={name: policy.reference_of(name) for name in policy.groupings},
            strata=policy.strata,
            selected_is_favourable=policy.selected_is_favourable,
            min_group_size=policy.min_group_size,
            confidence=float(1 - policy.error_rate.alpha),
            subgroup_depth=policy.subgroup_search.depth if policy.subgroup_search else 0,
            columns=frozenset(
                {Needs.OUTCOME, Needs.SELECTED, *more}
                | ({Needs.STRATUM} if policy.strata else set())
            ),
        )

    def has(self, *needed: Needs) -> bool:
        """True if the population has all these columns."""
        return self.columns.issuperset(needed)

    def has_any(self, *columns: Needs) -> bool:
        """True if the population has one of these columns."""
        return not self.columns.isdisjoint(columns)

    @property
    def attributes(self) -> tuple[str, ...]:
        """The single attributes, in the order in which groupings name them."""
        return tuple(dict.fromkeys(name for parts in self.groupings.values() for name in parts))


def group_name(parts: Iterable[str | None]) -> str:
    """The name of a group: of an intersection, its parts joined; unknown if a part is."""
    names = [UNKNOWN if part is None else part for part in parts]
    return UNKNOWN if UNKNOWN in names else JOINT.join(names)
