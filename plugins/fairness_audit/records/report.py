"""What an audit found, whole, as one spelling of bytes: what its record names by a digest."""

import hashlib

from rfc8785 import CanonicalizationError

from fairness_audit.encoding import canonical_bytes
from fairness_audit.errors import RecordError
from fairness_audit.records.finding import Judgement
from fairness_audit.records.validation import ValidationReport


def report_of(model: str, validation: ValidationReport, judgement: Judgement) -> bytes:
    """The report of an audit.

    Raises:
        RecordError: when a number in it cannot be signed.
    """
    try:
        return canonical_bytes(
            {
                "checks": [check.model_dump(mode="json") for check in validation.checks],
                "judgement": judgement.model_dump(mode="json"),
            }
        )
    except CanonicalizationError as error:
        raise RecordError(
            f"the report of {model} holds a number that cannot be signed: {error}"
        ) from error


def report_digest(model: str, validation: ValidationReport, judgement: Judgement) -> str:
    """SHA-256 of the report of an audit.

    Raises:
        RecordError: when a number in it cannot be signed.
    """
    return hashlib.sha256(report_of(model, validation, judgement)).hexdigest()
