"""What the gate says, asked of the installation that the environment names."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from fairness_audit.errors import AuditError
from fairness_audit.ledger import ledger_of
from fairness_audit.policy.load import FILE_NAME, LoadedPolicy, load_policy
from fairness_audit.records.signed.audit import GateDecision
from fairness_audit.registry import Registry
from fairness_audit.registry.mlflow import MlflowRegistry
from fairness_audit.settings import Settings
from fairness_audit.steps.gate import ask


@dataclass(frozen=True)
class Promoted:
    """What an alias names now, and whether it still may; without version it names none."""

    registered_model: str
    alias: str
    decision: GateDecision | None


class Gatekeeper:
    """Opens policy, ledger and registry anew for every question, so that no answer is old.

    Whatever goes wrong on the way is `block`, with ``certain`` False.
    """

    def __init__(
        self,
        settings: Callable[[], Settings] = Settings.from_environment,
        registry: Callable[[str], Registry] = MlflowRegistry,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._settings = settings
        self._registry = registry
        self._now = now

    def about(self, model: str, version: str) -> GateDecision | None:
        """May this version be promoted? None where there is no policy of the model."""
        try:
            settings = self._settings()
            loaded = _policy(settings, model)
            return None if loaded is None else self._asked(settings, loaded, version)
        except AuditError as error:
            return _cannot_tell(model, version, error)

    def promoted(self, model: str) -> Promoted | GateDecision | None:
        """What is promoted, and may it still be? None where there is no policy of the model.

        A decision alone is an answer that nobody could give.
        """
        try:
            settings = self._settings()
            loaded = _policy(settings, model)
            if loaded is None:
                return None
            guarded = loaded.policy.gate
            registry = self._registry(settings.registry_url)
            version = registry.alias_target(guarded.registered_model, guarded.alias)
            decision = None if version is None else self._asked(settings, loaded, version)
            return Promoted(guarded.registered_model, guarded.alias, decision)
        except AuditError as error:
            return _cannot_tell(model, "", error)

    def _asked(self, settings: Settings, loaded: LoadedPolicy, version: str) -> GateDecision:
        return ask(
            loaded,
            model_version=version,
            ledger=ledger_of(settings),
            registry=self._registry(settings.registry_url),
            trusted_keys=settings.trusted_keys,
            now=self._now(),
        )


def _policy(settings: Settings, model: str) -> LoadedPolicy | None:
    file = settings.expectations / model / FILE_NAME
    return load_policy(file) if file.is_file() else None


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
