"""The differences and ratios of every rate: a metric of its own for each thing compared with."""

from fairness_audit.policy.metrics import DIFFERENCE, METRICS, RATIO, Metric, Rate
from fairness_audit.policy.model import Against, Comparison

_OTHER = {
    Against.REFERENCE: "the reference group",
    Against.BEST: "the group best off",
    Against.REST: "everybody else",
    Against.OVERALL: "everybody",
}

_RATIOS = frozenset(each.name for each in METRICS if each.is_ratio)


def disparity_name(metric: str, comparison: str, against: str, *, is_plain: bool) -> str:
    """`selection_rate_ratio_to_best`; with ``is_plain`` without what it is compared with."""
    name = metric if metric in _RATIOS else f"{metric}_{comparison}"
    if name == "accuracy_difference":  # Clarify's metric of that name is the other way round
        is_plain = False
    return name if is_plain else f"{name}_to_{against}"


def _disparity(rate: Rate, comparison: Comparison, against: Against) -> Metric:
    is_ratio = comparison is Comparison.RATIO
    is_plain = against is Against.REFERENCE
    over = "over" if is_ratio else "minus"
    return Metric(
        name=disparity_name(rate.name, comparison.value, against.value, is_plain=is_plain),
        code=rate.code if rate.is_ratio and is_plain else None,
        meaning=f"{rate.phrase.called} of the group {over} that of {_OTHER[against]}",
        source=rate.source,
        needs=rate.needs,
        range=RATIO if is_ratio else DIFFERENCE,
        direction=rate.direction,
    )


DISPARITIES = tuple(
    _disparity(rate, comparison, against)
    for rate in METRICS
    for comparison in Comparison
    for against in Against
    if comparison is Comparison.RATIO or not rate.is_ratio
)
