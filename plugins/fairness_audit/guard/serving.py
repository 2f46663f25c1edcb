"""May these files, as they lie here, be served? Answered from files alone, where they are served.

Run before a server starts (an init container), it closes the way that no registry can: files that
were overwritten after the promotion.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from securesystemslib.signer import Key

from fairness_audit.errors import RecordError
from fairness_audit.ledger.heads import Heads
from fairness_audit.ledger.verify import verify_records
from fairness_audit.policy.load import LoadedPolicy
from fairness_audit.records.signed.audit import GateDecision
from fairness_audit.registry.artifact import folder_digest
from fairness_audit.steps.gate import decide


def verify_serving(
    loaded: LoadedPolicy,
    folder: Path,
    *,
    model_version: str,
    records: Path,
    heads: Heads,
    trusted: Sequence[Key],
    now: datetime,
    witness: Heads | None = None,
) -> GateDecision:
    """Decide about the files in a folder, from the published records.

    Args:
        loaded: the model's policy.
        folder: the files that will be served: what the registry keeps as the version's artifact.
        model_version: the version they are said to be.
        records: folder of the record files.
        heads: their signed heads.
        trusted: keys that records may be signed with.
        now: the moment of the decision, with a time zone.
        witness: the third place of the heads, if there is one.

    Raises:
        RecordError: when the records are not genuine, or not all there.
        LedgerError: when the heads cannot be read.
        RegistryError: when the folder holds no files.
    """
    verification = verify_records(records, heads, trusted, witness)
    if not verification.holds:
        raise RecordError("\n".join(str(fault) for fault in verification.faults))
    return decide(
        loaded,
        model_version=model_version,
        artifact_digest=folder_digest(folder),
        records=verification.records,
        now=now,
    )
