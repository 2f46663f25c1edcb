"""What is written down about every metric, in one place per metric."""

from dataclasses import dataclass
from enum import Enum, StrEnum


class Better(Enum):
    """Which of two values is the more favourable one for the group that has it."""

    HIGHER = "higher"
    LOWER = "lower"
    AS_SELECTION = "as selection"  # higher if being selected is favourable, else lower
    NEITHER = "neither"  # the size of a gap, or a figure about the whole population


class Needs(StrEnum):
    """A column of the population that a metric is made of."""

    OUTCOME = "outcome"
    SELECTED = "selected"
    SCORE = "score"
    DECISION = "decision"
    VALUE = "value"
    RANK = "rank"
    STRATUM = "stratum"
    FEATURE = "feature"


@dataclass(frozen=True)
class Definition:
    """A metric in words.

    ``low`` and ``high`` are the ends of its range, None where there is no end. ``parity`` is the
    value of no disparity, None for a figure about one group alone.
    """

    name: str
    code: str | None
    meaning: str
    source: str
    needs: tuple[Needs, ...]
    low: float | None = 0.0
    high: float | None = 1.0
    parity: float | None = None
    better: Better = Better.NEITHER

    def higher_is_better(self, selected_is_favourable: bool) -> bool:
        """True if, of two groups, the one with the higher value is better off."""
        if self.better is Better.AS_SELECTION:
            return selected_is_favourable
        return self.better is Better.HIGHER
