"""How what a group is compared with is said in a sentence."""

from fairness_audit.policy.model import Against
from fairness_audit.text import plain


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
