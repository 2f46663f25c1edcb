"""What the gate says, asked of the installation that the environment names."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from fairness_audit.errors import AuditError
from fairness_audit.installation import Installation
from fairness_audit.policy.load import LoadedPolicy
from fairness_audit.records.signed.audit import GateDecision
from fairness_audit.steps.gate import ask


@dataclass(frozen=True)
class Promoted:
    """What an alias names now, and whether it still may; without version it names none."""

    registered_model: str
    alias: str
    decision: GateDecision | None


class Gatekeeper:
    """Opens the installation anew for every question, so that no answer is old.

    Whatever goes wrong on the way is `block`, with ``certain`` False.
    """

    def __init__(
        self,
        opened: Callable[[], Installation] = Installation.from_environment,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._opened = opened
        self._now = now

    def about(self, model: str, version: str) -> GateDecision | None:
        """May this version be promoted? None where there is no policy of the model."""
        try:
            with self._opened() as installation:
                if model not in installation.models:
                    return None
                return self._asked(installation, installation.policy(model), version)
        except AuditError as error:
            return _cannot_tell(model, version, error)

    def promoted(self, model: str) -> Promoted | GateDecision | None:
        """What is promoted, and may it still be? None where there is no policy of the model.

        A decision alone is an answer that nobody could give.
        """
        try:
            with self._opened() as installation:
                if model not in installation.models:
                    return None
                loaded = installation.policy(model)
                name, alias = loaded.policy.gate.registered_model, loaded.policy.gate.alias
                version = installation.registry.alias_target(name, alias)
                decision = None if version is None else self._asked(installation, loaded, version)
                return Promoted(name, alias, decision)
        except AuditError as error:
            return _cannot_tell(model, "", error)

    def _asked(
        self, installation: Installation, loaded: LoadedPolicy, version: str
    ) -> GateDecision:
        return ask(
            loaded,
            model_version=version,
            ledger=installation.ledger,
            registry=installation.registry,
            trusted_keys=installation.settings.trusted_keys,
            now=self._now(),
        )


def _cannot_tell(model: str, version: str, error: AuditError) -> GateDecision:
    return GateDecision(
        decision="block",
        model=model,
        model_version=version,
        reasons=(f"{type(error).__name__}: {error}",),
        record_id=None,
        expires=None,
        certain=False,
    )
