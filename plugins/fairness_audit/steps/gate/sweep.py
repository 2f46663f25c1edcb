"""Is what is in production still what may be there? Asked of every version, every night.

The gate stands at the promotion. What happens afterwards it does not see: files overwritten where
they lie, a version that was in production before there was a gate, a registry's database written
to by hand, a record that expires, a later audit that fails.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal

from fairness_audit.encoding import digest_of
from fairness_audit.ledger.ledger import Ledger
from fairness_audit.policy.load import LoadedPolicy
from fairness_audit.records.door import Door
from fairness_audit.records.signed.audit import GateDecision
from fairness_audit.registry import Registry
from fairness_audit.steps.gate import ask
from fairness_audit.steps.gate.news import standing_in
from fairness_audit.steps.gate.unread import Nights, Reading

Done = Literal["nothing", "alarm", "demoted"]


class Swept(Door):
    """One version in production, what the gate says of it now, and what was done.

    ``stands`` is a digest of what there is to tell, but for numbers that change with every audit.
    """

    decision: GateDecision
    done: Done
    stands: str

    @property
    def version(self) -> str:
        """Which version it is."""
        return f"{self.decision.model} version {self.decision.model_version}"

    @property
    def sentence(self) -> str:
        """What an operator is told."""
        if self.done == "nothing":
            return f"{self.version} may stay in production"
        taken = "was taken out of production" if self.done == "demoted" else "is in production"
        return f"{self.version} {taken}: {'; '.join(self.decision.reasons)}"


def sweep(
    loaded: LoadedPolicy,
    *,
    ledger: Ledger,
    registry: Registry,
    trusted_keys: Path,
    now: datetime,
    aliases: Sequence[str] = (),
    nights: Nights | None = None,
) -> tuple[Swept, ...]:
    """Ask the gate about every version of a model that is in production, and act as policy says.

    In production is what one of the ``aliases`` names; by default, the policy's. A version is only
    demoted on a certain answer: a service that does not answer is an alarm. But where the registry
    answers, and the version's own content could not be read on as many ``nights`` in a row, that
    is an answer; None counts none.

    Raises:
        RegistryError: when the registry does not say what is in production, or does not demote.
    """
    guarded = loaded.policy.gate
    swept = []
    named = aliases or (guarded.alias,)
    for version in registry.promoted(guarded.registered_model, *named):
        content = Reading(registry)
        decision = ask(
            loaded,
            model_version=version,
            ledger=ledger,
            registry=content,
            trusted_keys=trusted_keys,
            now=now,
        )
        if nights and nights.are_too_many(f"{decision.model} version {version}", content):
            decision = _without_content(decision, nights.most)
        done: Done = "nothing" if decision.decision == "allow" else "alarm"
        if done == "alarm" and decision.certain and guarded.sweep == "demote":
            registry.demote(guarded.registered_model, version, *named)
            done = "demoted"
        stands = digest_of(
            {
                "files": decision.artifact_digest,
                "policy": loaded.digest,
                "expired": decision.expires is not None and decision.expires <= now,
                "standing": sorted(map(list, standing_in(decision))),
                # Of what no record says anything of, the reason is all there is to tell.
                "reasons": [] if decision.obstacles else _lasting(decision, content),
            }
        )
        swept.append(Swept(decision=decision, done=done, stands=stands))
    return tuple(swept)


def _without_content(decision: GateDecision, nights: int) -> GateDecision:
    reason = (
        f"its content could not be read on {nights} nights, so nobody knows what it is (put its"
        " files back, or promote another version)"
    )
    return decision.model_copy(update={"certain": True, "reasons": (reason, *decision.reasons)})


def _lasting(decision: GateDecision, content: Reading) -> list[str]:
    """The reasons that are the same every night; what a store says may not be."""
    return [] if decision.certain and content.succeeded is False else list(decision.reasons)
