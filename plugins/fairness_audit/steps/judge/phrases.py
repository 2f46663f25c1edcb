"""How each metric, and what a group is compared with, is said in a sentence."""

from dataclasses import dataclass

from fairness_audit.policy.model import Against, Metric
from fairness_audit.text import plain


@dataclass(frozen=True)
class Phrase:
    """A rate in words: what happens to the group, and what the rate is called."""

    happens: str
    rate: str


_PHRASES = {
    Metric.SELECTION_RATE: Phrase("is selected", "selection rate"),
    Metric.BASE_RATE: Phrase("has a positive outcome", "base rate"),
    Metric.TRUE_POSITIVE_RATE: Phrase(
        "is selected, where the outcome is positive,", "true positive rate"
    ),
    Metric.FALSE_POSITIVE_RATE: Phrase(
        "is selected, although the outcome is negative,", "false positive rate"
    ),
    Metric.FALSE_NEGATIVE_RATE: Phrase(
        "is passed over, although the outcome is positive,", "false negative rate"
    ),
    Metric.TRUE_NEGATIVE_RATE: Phrase(
        "is passed over, where the outcome is negative,", "true negative rate"
    ),
    Metric.POSITIVE_PREDICTIVE_VALUE: Phrase(
        "has a positive outcome, once selected,", "positive predictive value"
    ),
    Metric.NEGATIVE_PREDICTIVE_VALUE: Phrase(
        "has a negative outcome, once passed over,", "negative predictive value"
    ),
    Metric.FALSE_DISCOVERY_RATE: Phrase(
        "has a negative outcome, once selected,", "false discovery rate"
    ),
    Metric.FALSE_OMISSION_RATE: Phrase(
        "has a positive outcome, once passed over,", "false omission rate"
    ),
    Metric.ACCURACY: Phrase("is decided as the outcome later confirms", "accuracy"),
}


def phrase_of(metric: Metric, *, selected_is_favourable: bool) -> Phrase:
    """The words for a metric; the impact ratio is about the favourable decision."""
    if metric is not Metric.IMPACT_RATIO:
        return _PHRASES[metric]
    if selected_is_favourable:
        return _PHRASES[Metric.SELECTION_RATE]
    return Phrase("gets the favourable decision, not to be selected,", "favourable share")


def compared_with(against: Against, reference: str | None) -> str:
    """What a group is compared with: `group M`, `everybody else`."""
    match against:
        case Against.REST:
            return "everybody else"
        case Against.OVERALL:
            return "everybody"
        case Against.BEST:
            return f"group {plain(reference or '?')}, the best placed"
        case Against.REFERENCE:
            return f"group {plain(reference or '?')}"
