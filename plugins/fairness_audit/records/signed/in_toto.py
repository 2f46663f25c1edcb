"""The parts that every in-toto Statement of ours is made of.

Fields that SLSA's Verification Summary Attestation v1 has too carry its names: ``verifier``,
``timeVerified``, ``resourceUri``, ``policy``, ``verificationResult``.
"""

from typing import Annotated, Final, Literal

from pydantic import Field

from fairness_audit.records.door import Door

STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
VERIFIER: Final = "urn:fairness-audit:verifier"

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256, as 64 lower-case hexadecimal digits."""


class Digest(Door):
    """A digest by the name of its algorithm."""

    sha256: Sha256 = Field(description="SHA-256, as 64 lower-case hexadecimal digits.")


class Subject(Door):
    """A thing that a Statement is about, by its content."""

    name: str = Field(description="Name of the subject.")
    digest: Digest = Field(description="Digest of its content.")


class PolicyReference(Door):
    """The policy that was applied."""

    uri: str = Field(description="Where the policy lies in its repository.")
    digest: Digest = Field(description="Digest of what the policy says.")


class Verifier(Door):
    """Who made the Statement: this project, and the versions of what it ran on."""

    id: Literal["urn:fairness-audit:verifier"] = Field(description="Always this project.")
    version: dict[str, str] = Field(description="Versions of the software that made it, by name.")
