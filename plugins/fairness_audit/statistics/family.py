"""Many tests in one audit, and how likely it is that chance alone made one of them significant."""

from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values, in their order, adjusted; each in [0, 1].

    Compared with alpha they control the chance of even one false finding in the audit (Holm, "A
    simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6
    (1979), 65-70).
    """
    result = [0.0] * len(p_values)
    largest = 0.0
    for passed, index in enumerate(_ascending(p_values)):
        largest = max(largest, min(1.0, p_values[index] * (len(p_values) - passed)))
        result[index] = largest
    return result


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """The p-values, in their order, adjusted; each in [0, 1].

    Compared with alpha they control the expected share of false findings among the findings
    (Benjamini & Hochberg, "Controlling the false discovery rate", JRSS B 57 (1995), 289-300).
    """
    result = [0.0] * len(p_values)
    smallest = 1.0
    for passed, index in enumerate(reversed(_ascending(p_values))):
        times = len(p_values) / (len(p_values) - passed)
        smallest = min(smallest, p_values[index] * times)
        result[index] = smallest
    return result


def _ascending(p_values: Sequence[float]) -> list[int]:
    return sorted(range(len(p_values)), key=p_values.__getitem__)
