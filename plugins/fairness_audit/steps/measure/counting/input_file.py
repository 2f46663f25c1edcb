"""Any file of rows, and which of its columns play which part."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fairness_audit.policy.metrics import Needs
from fairness_audit.steps.measure.counting.given_cells import UNKNOWN_WORDS
from fairness_audit.tabular.dialect import Dialect

PARTS = (
    "outcome",
    "selected",
    "score",
    "decision",
    "value",
    "rank",
    "list",
    "weight",
    "subject",
)
"""What a column may be, of which a file has one at most."""


@dataclass(frozen=True, kw_only=True)
class InputFile:
    """A file and the names of the columns that play a part; None where there is none.

    ``probabilities`` has, for each attribute that is known by probabilities alone, the column of
    each of its groups. ``said`` is how text is written, and ``decimal`` its decimal mark; what is
    not said is found in the file. ``positives`` are words for a true outcome or decision, and
    ``unknown`` those, in small letters, for a group that nobody knows. ``bins`` has, of numeric
    attributes, the numbers at which a new band begins.
    """

    path: Path
    attributes: tuple[str, ...]
    strata: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    outcome: str | None = None
    selected: str | None = None
    score: str | None = None
    decision: str | None = None
    value: str | None = None
    rank: str | None = None
    list: str | None = None
    weight: str | None = None
    subject: str | None = None
    probabilities: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    said: Dialect = field(default_factory=Dialect)
    decimal: str | None = None
    positives: tuple[str, ...] = ()
    unknown: frozenset[str] = UNKNOWN_WORDS
    bins: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def columns(self) -> frozenset[Needs]:
        """The columns the population will have, as metrics need them."""
        named = {need for need in Needs if need.value in PARTS and getattr(self, need.value)}
        named |= {Needs.STRATUM} if self.strata else set()
        named |= {Needs.PROBABILITY} if self.probabilities else set()
        return frozenset(named | ({Needs.FEATURE} if self.features else set()))
