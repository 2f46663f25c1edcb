"""The differences and ratios of every rate: a metric of its own for each thing compared with."""

from fairness_audit.policy.model import Against, Comparison, Metric
from fairness_audit.steps.measure.definition import Definition
from fairness_audit.steps.measure.rates.rates import RATES, Rate, favourable_share

_OTHER = {
    Against.REFERENCE: "the reference group",
    Against.BEST: "the group best off",
    Against.REST: "everybody else",
    Against.OVERALL: "everybody",
}

IMPACT_RATIO = favourable_share(selected_is_favourable=True)


def disparity_name(metric: str, comparison: str, against: str, *, is_plain: bool) -> str:
    """`selection_rate_ratio_to_best`; with ``is_plain`` without what it is compared with."""
    name = metric if metric == Metric.IMPACT_RATIO else f"{metric}_{comparison}"
    if name == "accuracy_difference":  # Clarify's metric of that name is the other way round
        is_plain = False
    return name if is_plain else f"{name}_to_{against}"


def _definition(rate: Rate, comparison: Comparison, against: Against) -> Definition:
    is_ratio = comparison is Comparison.RATIO
    plain = against is Against.REFERENCE
    about = "favourable share" if rate.name == Metric.IMPACT_RATIO else rate.name.replace("_", " ")
    return Definition(
        disparity_name(rate.name, comparison.value, against.value, is_plain=plain),
        rate.code if plain and rate.name == Metric.IMPACT_RATIO else None,
        f"{about} of the group {'over' if is_ratio else 'minus'} that of {_OTHER[against]}",
        rate.source,
        rate.needs,
        0.0 if is_ratio else -1.0,
        None if is_ratio else 1.0,
        1.0 if is_ratio else 0.0,
        rate.better,
    )


DISPARITIES = tuple(
    _definition(rate, comparison, against)
    for rate in (IMPACT_RATIO, *RATES)
    for comparison in Comparison
    for against in Against
    if rate is not IMPACT_RATIO or comparison is Comparison.RATIO
)
