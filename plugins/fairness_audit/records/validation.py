"""What the Great Expectations suites found."""

from enum import StrEnum
from pathlib import Path
from typing import Literal

from fairness_audit.records.door import Door, StepResult


class CheckSeverity(StrEnum):
    """Severity of an expectation, in Great Expectations' words."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class Check(Door):
    """The result of one expectation. ``observed`` and ``sentence`` carry no row values.

    ``limit`` is there where it held a share or rate of people to one, ``stated`` the share it is
    a fraction of, both exact fractions: the verdict about that is the judge's.
    """

    suite: str
    kind: Literal["quality", "representation", "label_balance"]
    expectation: str
    severity: CheckSeverity
    passed: bool
    attribute: str | None
    group: str | None
    observed: str
    sentence: str
    limit: str | None = None
    stated: str | None = None


class ValidationReport(StepResult):
    """All suites of one audit, and where a reviewer reads them."""

    checks: tuple[Check, ...]
    data_docs: Path

    @property
    def summary(self) -> str:
        """How many checks passed."""
        passed = sum(check.passed for check in self.checks)
        return f"{passed} of {len(self.checks)} checks passed"


NO_CHECKS = ValidationReport(checks=(), data_docs=Path())
"""Of no suite: where nothing is asked of the data."""
