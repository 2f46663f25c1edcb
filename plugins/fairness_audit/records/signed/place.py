"""Where a record's file lies in the folder of records."""

from pathlib import PurePosixPath

from fairness_audit.files import safe_name
from fairness_audit.records.signed.statement import Record
from fairness_audit.records.signed.void import VoidRecord

_VOIDS = "voided-rows"  # no model is called so: their names have no hyphen


def place_of(record: Record) -> PurePosixPath:
    """``<model>/<version>/<logical date>-<start of the record id>.json``.

    A model version is somebody else's word: what is no plain name becomes one, with a hash, and
    never leads out of the folder. What voids a row lies in a folder of its own.
    """
    if isinstance(record, VoidRecord):
        return PurePosixPath(_VOIDS, f"{record.voids}-{record.record_id[:12]}.json")
    logical_date = record.logical_date.strftime("%Y-%m-%dT%H%M%SZ")
    return PurePosixPath(
        safe_name(record.model),
        safe_name(record.model_version),
        f"{logical_date}-{record.record_id[:12]}.json",
    )
