"""Weights of rows: in which steps they are summed, so that neither unit nor order matters."""

import math

from fairness_audit.errors import MeasurementError
from fairness_audit.steps.measure.counting.grouped_scan import Scanner

_DIGITS = 46
"""Binary digits of the largest weight that are kept: of ten billion rows the sum of the squares
still fits into 127."""


def scale_of(scan: Scanner) -> float:
    """Steps to a unit of weight: a power of two, 2^46 or less of which make the largest weight.

    Raises:
        MeasurementError: a weight is missing, not above zero or not finite.
    """
    (extent,) = scan.table("weight_range").to_pylist()
    if extent["highest"] is None:
        return 1.0  # no row
    finite = math.isfinite(extent["highest"])  # NaN is the largest of all in DuckDB
    if extent["missing"] or not finite or extent["lowest"] <= 0:
        raise MeasurementError(
            "column weight: some are empty, not above 0 or not finite (give every row a weight, or"
            " mark those rows lost in sql/population/)"
        )
    return math.ldexp(1.0, _DIGITS - math.frexp(extent["highest"])[1])
