"""The part of a model's error budget that one audit spends."""

from fractions import Fraction
from typing import Annotated

from pydantic import Field

from fairness_audit.records.door import Door
from fairness_audit.records.moment import Moment


class ErrorBudget(Door):
    """How often chance alone may fail a fair model, and how much of it this audit spends.

    It is the ``audit``-th audit of the model in the period that begins at ``period_start``, of
    ``of`` that share the budget; ``audit`` may exceed ``of``. ``alpha`` is the significance level
    of all tests of this audit together, ``spent`` that of all audits of the period up to and with
    this one. Both are exact fractions in [0, 1].
    """

    audit: Annotated[int, Field(ge=1)]
    of: Annotated[int, Field(ge=1)]
    alpha: Annotated[Fraction, Field(ge=0, le=1)]
    spent: Annotated[Fraction, Field(ge=0, le=1)]
    period_start: Moment

    @property
    def is_spent(self) -> bool:
        """True if nothing is left for this audit: it cannot call anything a failure."""
        return self.alpha == 0
