"""What may be promoted, asked of the gate for the registry.

Guarded is every alias that a policy names, in every spelling, of every registered model: on one
that no policy audits, such an alias is refused too, unless it is listed by name in
``FAIRNESS_AUDIT_UNGUARDED_MODELS`` (separated by commas). Of an audited model the other usual
names of what is in production are guarded too (``FAIRNESS_AUDIT_GUARDED_ALIASES``). Stage
Production is guarded as an alias is. Nothing that can be written into the registry is taken for
evidence.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from fairness_audit.errors import AuditError, RegistryError
from fairness_audit.guard.promoted_names import is_ours, looks_like
from fairness_audit.installation import Installation
from fairness_audit.policy.load import BrokenPolicy, LoadedPolicy, ReadPolicies
from fairness_audit.registry import Contents
from fairness_audit.registry.names import same_name
from fairness_audit.registry.training import TAG, moment_of_tag
from fairness_audit.settings import UNGUARDED, Settings
from fairness_audit.steps.gate import ReadOnce, ask

SIGN = "fairness-audit refuses"
"""Every refusal begins with it."""
NOT_AUDITED = "no policy audits this registered model"


class Refused(Exception):
    """The registry must not do what it was asked; the message is for who asked."""


@dataclass(frozen=True)
class Promotion:
    """A version that is about to get an alias, or to come into production by its stage.

    ``digest`` gives the SHA-256 over its content as it is now; it is asked once, and only of a
    version that the gate must be asked about and that was audited.
    """

    name: str
    version: str
    digest: Callable[[], str]
    alias: str | None = None

    def refused(self, reason: str) -> Refused:
        """A refusal for a reason, in one line."""
        what = "stage Production" if self.alias is None else f"alias {self.alias!r}"
        said = f"{SIGN} {what} for {self.name!r} version {self.version}: {reason}"
        return Refused(" ".join(said.split()))


@dataclass(frozen=True)
class _Content:
    """The content of the version, as the gate asks a registry for it."""

    promotion: Promotion

    def artifact_digest(self, model: str, version: str) -> str:
        """SHA-256 over the content of the version."""
        return self.promotion.digest()


@contextmanager
def promoting(promotion: Promotion) -> Iterator[None]:
    """Let the block promote a version, or raise before it; nobody publishes meanwhile.

    Raises:
        Refused: when the gate does not allow it, or cannot be asked; also after the block, when
            the ledger was lost meanwhile, so that a failure may have been published.
    """
    try:
        held = _allowed(promotion)
    except Refused:
        raise
    except Exception as error:  # whatever went wrong: nobody knows that it may be promoted
        raise promotion.refused(f"{type(error).__name__}: {error}") from error
    try:
        with held:
            yield
    except AuditError as error:
        raise promotion.refused(f"{type(error).__name__}: {error}") from error


def _allowed(promotion: Promotion) -> ExitStack:
    """What keeps the ledger as it is, once the gate has allowed the promotion."""
    with ExitStack() as held:
        installation = held.enter_context(Installation.from_environment())
        policies = installation.read_policies()
        _check_readable(promotion, policies, installation.settings)
        asked = _to_ask(promotion, policies.loaded, installation.settings)
        if not asked:
            return held.pop_all()
        content = ReadOnce(_Content(promotion))
        # First: neither a large model nor a refusal keeps others from publishing.
        _check(promotion, asked, installation, content)
        held.enter_context(installation.ledger.holding())
        _check(promotion, asked, installation, content)
        return held.pop_all()


def _check(
    promotion: Promotion,
    asked: list[LoadedPolicy],
    installation: Installation,
    content: Contents,
) -> None:
    for loaded in asked:
        decision = ask(
            loaded,
            model_version=promotion.version,
            ledger=installation.ledger,
            registry=content,
            trusted_keys=installation.settings.trusted_keys,
            now=datetime.now(UTC),
        )
        if decision.decision != "allow":
            raise promotion.refused("; ".join(decision.reasons))


def check_rename(name: str, new_name: str, aliases: Callable[[], list[str]]) -> None:
    """A name is what a policy knows a model by: it neither comes nor goes with a rename.

    Args:
        name: the registered model.
        new_name: what it is to be called.
        aliases: gives its aliases; stage Production is `production`.

    Raises:
        Refused: when either name is a policy's, or the model has a guarded alias.
    """
    said = f"{SIGN} to rename {name!r} to {new_name!r}"
    try:
        policies, broken = Installation.from_environment().read_policies()
        if unknown := [each.error for each in broken.values() if each.guards is None]:
            raise unknown[0]
    except Exception as error:
        raise Refused(" ".join(f"{said}: {error}".split())) from error
    for each in (name, new_name):
        if _audited_as(each, policies) or _broken_for(each, broken):
            raise Refused(
                f"{said}: a policy audits {each!r} (register the version under the other name,"
                " and audit it there)"
            )
    guarded = [*_aliases(policies), "production"]
    guarded += (each.guards.alias for each in broken.values() if each.guards)
    if any(looks_like(alias, guarded) for alias in aliases()):
        raise Refused(f"{said}: a version of it is in production (take its alias off first)")


def check_tag(key: str) -> None:
    """Tags are no evidence, and must not look like any.

    Raises:
        Refused: when a tag is named as if this project had written it.
    """
    if is_ours(key):
        raise Refused(
            f"{SIGN} the tag {key!r}: it would look like a verdict"
            " (verdicts are signed records: fairness-audit gate)"
        )


def check_training(name: str, version: str, told: object, before: str | None) -> None:
    """The one tag of ours that is no verdict: up to when rows trained a version; said once.

    Who could say another moment later could take evidence away that was counted already.

    Raises:
        Refused: when it names no moment, or another one was said.
    """
    try:
        moment = moment_of_tag(name, version, str(told))
        if before is not None and moment_of_tag(name, version, before) != moment:
            raise Refused(
                f"{SIGN} the tag {TAG} of {name} version {version}: it says {before} already, and"
                " cannot be changed (register the model again)"
            )
    except RegistryError as error:
        raise Refused(f"{SIGN} it: {error}") from error


def _check_readable(promotion: Promotion, policies: ReadPolicies, settings: Settings) -> None:
    """A model whose policy has faults stays as it is; others do not wait for it.

    Where the faults hide which model that is, it may be any that no other policy audits.
    """
    name, alias = promotion.name, promotion.alias
    found = _broken_for(name, policies.broken)
    if found is None and not _audited_as(name, policies.loaded):
        hidden = (each for each in policies.broken.items() if each[1].guards is None)
        found = None if name in settings.unguarded_models else next(hidden, None)
    if found is None:
        return
    model, broken = found
    names = {broken.guards.alias, *settings.guarded_aliases} if broken.guards else None
    if alias is None or names is None or looks_like(alias, names):
        raise promotion.refused(f"the policy of {model} cannot be read: {broken.error.faults[0]}")


def _broken_for(name: str, broken: Mapping[str, BrokenPolicy]) -> tuple[str, BrokenPolicy] | None:
    """The policy with faults that guards a registered model, and the model's name."""
    for model, each in broken.items():
        if each.guards is not None and same_name(name, each.guards.registered_model):
            return model, each
    return None


def _to_ask(
    promotion: Promotion, policies: list[LoadedPolicy], settings: Settings
) -> list[LoadedPolicy]:
    """The policies that must allow a promotion; none, where it is nobody's business."""
    alias = promotion.alias
    is_audited = _audited_as(promotion.name, policies)
    guarded = {*_aliases(policies), *(settings.guarded_aliases if is_audited else ())}
    if alias is not None and not looks_like(alias, guarded):
        return []
    auditing = [each for each in policies if each.policy.gate.registered_model == promotion.name]
    if not auditing:
        if promotion.name in settings.unguarded_models and not is_audited:
            return []
        raise promotion.refused(f"{NOT_AUDITED} ({UNGUARDED.name} may list it)")
    named = [each for each in auditing if alias and looks_like(alias, [each.policy.gate.alias])]
    return named or auditing


def _aliases(policies: list[LoadedPolicy]) -> list[str]:
    return [each.policy.gate.alias for each in policies]


def _audited_as(name: str, policies: list[LoadedPolicy]) -> bool:
    return any(same_name(name, each.policy.gate.registered_model) for each in policies)
