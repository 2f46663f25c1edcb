"""The parts that every in-toto Statement of ours is made of.

Fields that SLSA's Verification Summary Attestation v1 has too carry its names: ``verifier``,
``timeVerified``, ``resourceUri``, ``policy``, ``verificationResult``.
"""

from collections.abc import Mapping
from typing import Final, Literal

from fairness_audit.records.door import Door
from fairness_audit.records.signed.audit import Sha256

STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
VERIFIER: Final = "urn:fairness-audit:verifier"


class Digest(Door):
    """A digest by the name of its algorithm."""

    sha256: Sha256


class Subject(Door):
    """A thing that a Statement is about, by its content."""

    name: str
    digest: Digest


class PolicyReference(Door):
    """The policy that was applied."""

    uri: str
    digest: Digest


class Verifier(Door):
    """Who made the Statement: this project, and the versions of what it ran on."""

    id: Literal["urn:fairness-audit:verifier"]
    version: dict[str, str]


def subjects(digests: Mapping[str, str]) -> tuple[Subject, ...]:
    """Subjects from digests by name."""
    return tuple(Subject(name=name, digest=Digest(sha256=each)) for name, each in digests.items())


def policy_reference(model: str, digest: str) -> PolicyReference:
    """The policy of a model."""
    return PolicyReference(uri=f"expectations/{model}/policy.yaml", digest=Digest(sha256=digest))


def resource_uri(registered_model: str, model_version: str) -> str:
    """A model version as MLflow addresses it."""
    return f"models:/{registered_model}/{model_version}"


def digests_of(given: tuple[Subject, ...], names: tuple[str, ...]) -> list[str]:
    """The digests of exactly these subjects, in this order.

    Raises:
        ValueError: when others are there, or in another order.
    """
    if tuple(each.name for each in given) != names:
        raise ValueError(f"subject: must be {', '.join(names)}")
    return [each.digest.sha256 for each in given]
