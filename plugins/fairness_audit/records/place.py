"""Where a record's file lies in the folder of records."""

import hashlib
import re
from pathlib import PurePosixPath

from fairness_audit.records.record import AuditRecord

_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")


def place_of(record: AuditRecord) -> PurePosixPath:
    """``<model>/<version>/<logical date>-<start of the record id>.json``.

    A model version is somebody else's word: what is no plain name becomes one, with a hash, and
    never leads out of the folder.
    """
    logical_date = record.logical_date.strftime("%Y-%m-%dT%H%M%SZ")
    return PurePosixPath(
        _folder_name(record.model),
        _folder_name(record.model_version),
        f"{logical_date}-{record.record_id[:12]}.json",
    )


def _folder_name(word: str) -> str:
    if _SAFE.fullmatch(word):
        return word
    mark = hashlib.sha256(word.encode()).hexdigest()[:16]
    return f"{re.sub(r'[^A-Za-z0-9]+', '-', word).strip('-')[:40] or 'version'}-{mark}"
