"""What people are told. Everything it says stands in a record or a policy: never row contents."""

from typing import Literal

from fairness_audit.records.door import Door
from fairness_audit.records.signed.audit import GateDecision

Kind = Literal["blocked", "waits", "undecided", "timed out", "not counted", "production", "late"]

_LONGEST = 600


class Notice(Door):
    """One sentence about one model, and where to look."""

    kind: Kind
    model: str
    sentence: str
    link: str | None = None

    @property
    def subject(self) -> str:
        """A headline of one line."""
        return f"Fairness audit of {self.model}: {self.kind}"

    @property
    def text(self) -> str:
        """The sentence and the link, on one line."""
        said = " ".join(self.sentence.split())
        if len(said) > _LONGEST:
            said = f"{said[:_LONGEST]}…"
        said = said if said.endswith((".", "…")) else f"{said}."
        return f"{said} {self.link}" if self.link else said


def blocked(decision: GateDecision, link: str | None) -> Notice:
    """A version was not promoted; the sentence is the reason that decided."""
    version = f"{decision.model} version {decision.model_version}"
    reason = decision.reasons[0]
    if not decision.certain:
        sentence = f"whether {version} may be promoted cannot be told: {reason}"
        return Notice(kind="undecided", model=decision.model, sentence=sentence, link=link)
    sentence = f"{version} is blocked: {reason}"
    return Notice(kind="blocked", model=decision.model, sentence=sentence, link=link)


def waits(decision: GateDecision, link: str | None) -> Notice:
    """A version waits for people."""
    sentence = f"{decision.model} version {decision.model_version} {decision.reasons[0]}"
    return Notice(kind="waits", model=decision.model, sentence=sentence, link=link)
