"""May this model version be promoted? Any doubt is `block`, with the reason."""

from fairness_audit.steps.gate.asking import ReadOnce, apply, ask, in_words
from fairness_audit.steps.gate.decision import decide

__all__ = ["ReadOnce", "apply", "ask", "decide", "in_words"]
