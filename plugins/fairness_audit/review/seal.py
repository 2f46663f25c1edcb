"""An answer sealed where it arrives, so that nobody can change it on its way to the record.

Airflow passes values between tasks through its database, where whoever may edit a DAG's runs may
edit them. The seal is a DSSE signature with the key of the records, over a payload type of its
own, so that an answer never reads as a record.
"""

import json

from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import FormatError, VerificationError
from securesystemslib.signer import Key, Signer

from fairness_audit.encoding import canonical_bytes
from fairness_audit.errors import ReviewError
from fairness_audit.review.answer import Answer

PAYLOAD_TYPE = "application/vnd.fairness-audit.answer+json"

_MALFORMED = (ValueError, KeyError, TypeError, AttributeError, RecursionError, FormatError)


def sealed(answer: Answer, signer: Signer) -> str:
    """The answer, signed."""
    envelope = Envelope(canonical_bytes(answer.model_dump(mode="json")), PAYLOAD_TYPE, {})
    envelope.sign(signer)
    return canonical_bytes(envelope.to_dict()).decode()


def opened(seal: object, key: Key, *, run_id: str) -> Answer:
    """The answer behind a seal of this run.

    Raises:
        ReviewError: when it is not sealed with this key, or was given in another run.
    """
    if not isinstance(seal, str):
        raise ReviewError("a question has no answer; clear its task to ask again")
    try:
        envelope = Envelope.from_dict(json.loads(seal))
        if envelope.payload_type != PAYLOAD_TYPE:
            raise ReviewError("what should be an answer is something else; ask again")
        envelope.verify([key], threshold=1)
        answer = Answer.model_validate_json(envelope.payload)
    except _MALFORMED as error:
        raise ReviewError(f"what should be an answer is none: {type(error).__name__}") from error
    except VerificationError as error:
        raise ReviewError(
            "an answer was changed after it was given, or the signing key was replaced; ask again"
        ) from error
    if answer.run_id != run_id:
        raise ReviewError(f"an answer was given in another run, {answer.run_id}; ask again")
    return answer
