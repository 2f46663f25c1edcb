"""The CRM tables of one audit, frozen at one moment."""

from datetime import datetime
from pathlib import Path

from pydantic import Field

from fairness_audit.records.door import Door


class Column(Door):
    """A column as the source's catalogue declares it, and as it was written."""

    name: str
    source_type: str
    arrow_type: str


class ObjectFile(Door):
    """One CRM object in one Parquet file, relative to the snapshot's folder.

    The source counts its rows before they are read, and may declare how many it gives while they
    are; ``rows_repeated`` came again on a later page, and are there once. ``key`` is the column
    that names each row; manifests from before it was kept have None.
    """

    table: str
    file: str
    key: str | None = Field(default=None, exclude_if=lambda key: key is None)
    rows_at_source: int
    rows_declared: int | None = None
    rows_written: int
    rows_repeated: int = 0
    sha256: str
    columns: tuple[Column, ...]


class Snapshot(Door):
    """All CRM objects a policy names, read in one repeatable-read transaction.

    ``manifest.json`` is written last: a snapshot without a manifest does not exist. ``digest`` is
    the SHA-256 of what the snapshot contains, in canonical JSON: model, window, policy digest and
    objects with their files' digests. Where it lies and when it was taken is not content, so
    equal data under an equal policy and window has an equal digest.
    """

    model: str
    folder: Path
    window_start: datetime
    window_end: datetime
    logical_date: datetime
    taken_at: datetime
    policy_digest: str
    objects: dict[str, ObjectFile]
    digest: str

    def path_of(self, name: str) -> Path:
        """The Parquet file of one CRM object."""
        return self.folder / self.objects[name].file
