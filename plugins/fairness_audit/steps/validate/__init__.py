"""Great Expectations suites over a population: representation, label balance, quality."""

from fairness_audit.steps.validate.run import validate

__all__ = ["validate"]
