"""Up to when rows trained a model version: no earlier decision is evidence about it."""

from datetime import UTC, datetime

from fairness_audit.errors import RegistryError
from fairness_audit.policy.model import AuditPolicy
from fairness_audit.registry import Registry

TAG = "fairness_audit.trained_until"
"""Tag of a model version: an ISO 8601 date and time with a zone."""


def trained_until(registry: Registry, policy: AuditPolicy, version: str) -> datetime | None:
    """What the registry says of an audited version, else its policy; None where neither does.

    Raises:
        RegistryError: when the registry does not answer, or the tag is no moment.
    """
    tagged = registry.trained_until(policy.gate.registered_model, version)
    return tagged or policy.evidence.trained_until.get(version)


def moment_of_tag(model: str, version: str, text: str | None) -> datetime | None:
    """The moment that the tag of a version names; None where there is no tag.

    Raises:
        RegistryError: when it names none, or one without a zone.
    """
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
        in_utc = moment.astimezone(UTC) if moment.tzinfo is not None else None
    except (ValueError, OverflowError):  # a moment that in UTC is before the year 1
        in_utc = None
    if in_utc is None:
        raise RegistryError(
            f"{model} version {version}: the tag {TAG} is no date and time with a zone (write it"
            " as 2026-05-31T00:00:00Z)"
        )
    return in_utc
