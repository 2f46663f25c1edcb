"""May this model version be promoted? Any doubt is `block`, with the reason."""

from fairness_audit.steps.gate.asking import apply, ask, in_words
from fairness_audit.steps.gate.decision import decide, governing

__all__ = ["apply", "ask", "decide", "governing", "in_words"]
