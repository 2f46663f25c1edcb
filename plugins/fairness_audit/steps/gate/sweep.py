"""Is what is in production still what may be there? Asked of every version, every night.

The gate stands at the promotion. What happens afterwards it does not see: files overwritten where
they lie, a version that was in production before there was a gate, a registry's database written
to by hand, a record that expires, a later audit that fails.
"""

from datetime import datetime
from pathlib import Path
from typing import Literal

from fairness_audit.ledger.ledger import Ledger
from fairness_audit.policy.load import LoadedPolicy
from fairness_audit.records.door import Door
from fairness_audit.records.signed.audit import GateDecision
from fairness_audit.registry import Registry
from fairness_audit.steps.gate import ask

Done = Literal["nothing", "alarm", "demoted"]


class Swept(Door):
    """One version in production, what the gate says of it now, and what was done."""

    decision: GateDecision
    done: Done

    @property
    def sentence(self) -> str:
        """What an operator is told."""
        version = f"{self.decision.model} version {self.decision.model_version}"
        if self.done == "nothing":
            return f"{version} may stay in production"
        taken = "was taken out of production" if self.done == "demoted" else "is in production"
        return f"{version} {taken}: {'; '.join(self.decision.reasons)}"


def sweep(
    loaded: LoadedPolicy, *, ledger: Ledger, registry: Registry, trusted_keys: Path, now: datetime
) -> tuple[Swept, ...]:
    """Ask the gate about every version of a model that is in production, and act as policy says.

    A version is only demoted on a certain answer: a service that does not answer is an alarm.

    Raises:
        RegistryError: when the registry does not say what is in production, or does not demote.
    """
    guarded = loaded.policy.gate
    swept = []
    for version in registry.promoted(guarded.registered_model, guarded.alias):
        decision = ask(
            loaded,
            model_version=version,
            ledger=ledger,
            registry=registry,
            trusted_keys=trusted_keys,
            now=now,
        )
        done: Done = "nothing" if decision.decision == "allow" else "alarm"
        if done == "alarm" and decision.certain and guarded.sweep == "demote":
            registry.demote(guarded.registered_model, version, guarded.alias)
            done = "demoted"
        swept.append(Swept(decision=decision, done=done))
    return tuple(swept)
