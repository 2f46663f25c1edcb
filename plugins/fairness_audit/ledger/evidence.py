"""Evidence files: what each audit counted, beside the ledger, bound by its records.

Counts of small groups and short units are close to personal data: folder and files are their
owner's alone, and nothing of what they hold is in an error. A record without its file is a verdict
that nobody can go on from, so it is an error, and never read as nothing.
"""

import re
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from fairness_audit.errors import LedgerError, RecordError
from fairness_audit.files import open_plain, write_bytes
from fairness_audit.records.evidence import Evidence, digest_of_content
from fairness_audit.records.signed.audit import AuditRecord

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_DIGEST = re.compile(r"[0-9a-f]{64}")


class EvidenceStore:
    """The evidence files of one installation, each named by the digest of its bytes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, content: bytes) -> str:
        """Keep a file; what is there already stays. Return its digest.

        Raises:
            LedgerError: when it cannot be written.
        """
        digest = digest_of_content(content)
        file = self._file(digest)
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if _is_open(self.folder):
                self.folder.chmod(0o700)
            if not file.is_file() or digest_of_content(_content(file)) != digest:
                write_bytes(file, content, mode=0o600)
        except OSError as error:
            raise LedgerError(
                f"{file}: cannot be written: {error.strerror} (let who publishes records write to"
                f" {self.folder})"
            ) from error
        return digest

    def read(self, record: AuditRecord) -> Evidence | None:
        """What the audit of a record counted; None if it is of before there was evidence.

        Raises:
            RecordError: when the file is missing, cannot be read, or is not the one it binds.
        """
        if record.evidence_digest is None:
            return None
        file = self._file(record.evidence_digest)
        try:
            content = _content(file)
        except OSError as error:
            raise _fault(record, file, _why(error)) from None
        if digest_of_content(content) != record.evidence_digest:
            raise _fault(record, file, "was altered")
        try:
            return Evidence.read(content)
        except RecordError as error:
            raise _fault(record, file, str(error)) from None

    def restored(self, record: AuditRecord, file: Path | None) -> bool:
        """Put back what a record binds, if it is lost and ``file`` is the same; say whether."""
        try:
            self.read(record)
        except RecordError:
            content = _content(file) if file else b""
            if digest_of_content(content) == record.evidence_digest:
                self.keep(content)
                return True
        return False

    def faults(self, records: Iterable[object]) -> Iterator[str]:
        """What is wrong with the files of the records, one by one, and with who may read them."""
        if self.folder.is_dir() and _is_open(self.folder):
            yield _readable(self.folder)
        for record in records:
            if not isinstance(record, AuditRecord) or record.evidence_digest is None:
                continue
            try:
                self.read(record)
            except RecordError as error:
                yield str(error)
            else:
                file = self._file(record.evidence_digest)
                if _is_open(file):
                    yield _readable(file)

    def _file(self, digest: str) -> Path:
        if not _DIGEST.fullmatch(digest):
            raise RecordError("an evidence digest is no SHA-256")
        return self.folder / f"{digest}.json"


def _fault(record: AuditRecord, file: Path, what: str) -> RecordError:
    return RecordError(
        f"record {record.seq} of {record.model} version {record.model_version}: its evidence file"
        f" {file} {what} (restore it from the backup; or, while the snapshot of its run is kept,"
        f" make it anew: fairness-audit replay {record.record_id[:12]})"
    )


def _content(file: Path) -> bytes:
    with open_plain(file) as handle:
        return handle.read()


def _why(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "is missing"
    return f"cannot be read: {error.strerror}"


def _is_open(place: Path) -> bool:
    return bool(place.stat().st_mode & _OTHERS)


def _readable(place: Path) -> str:
    mode = "700" if place.is_dir() else "600"
    return f"{place} is readable by others than its owner (chmod {mode} {place})"
