"""The CRM tables of one audit, frozen at one moment."""

from datetime import datetime
from pathlib import Path

from pydantic import Field

from fairness_audit.records.door import Door, StepResult


class Column(Door):
    """A column as the source's catalogue declares it, and as it was written."""

    name: str
    source_type: str
    arrow_type: str


class SchemaChange(Door):
    """A column that is not what it was at the reading before.

    ``was`` is None if it appeared and ``became`` if it vanished; else its two types.
    """

    object: str = Field(description="The CRM object.")
    column: str = Field(description="Its column.")
    was: str | None = Field(
        default=None,
        description="Type at the reading before; absent if the column appeared.",
    )
    became: str | None = Field(
        default=None, description="Type at this reading; absent if it vanished."
    )

    @property
    def sentence(self) -> str:
        """The change in words. Names are quoted: a CRM's may hold anything."""
        column = f"column {self.column!r} of object {self.object}"
        if self.was is None:
            return f"{column} appeared, as {self.became!r}"
        if self.became is None:
            return f"{column} vanished, it was {self.was!r}"
        return f"{column} was {self.was!r} and is {self.became!r}"


class ObjectFile(Door):
    """One CRM object in one Parquet file, relative to the snapshot's folder.

    The source counts its rows before they are read, and may declare how many it gives while they
    are; ``rows_repeated`` came again on a later page, and are there once. ``key`` is the column,
    or the columns together, that name each row, ``source_columns`` the type of every column of the
    table, read or not; manifests from before they were kept have None.
    """

    table: str
    file: str
    key: str | tuple[str, ...] | None = Field(default=None, exclude_if=lambda key: key is None)
    rows_at_source: int
    rows_declared: int | None = None
    rows_written: int
    rows_repeated: int = 0
    parts: tuple[str, ...] = ()
    sha256: str
    columns: tuple[Column, ...]
    source_columns: dict[str, str] | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns of the key; none if it is not known."""
        return (self.key,) if isinstance(self.key, str) else self.key or ()


class Snapshot(StepResult):
    """All CRM objects a policy names, read in one repeatable-read transaction.

    ``manifest.json`` is written last: a snapshot without a manifest does not exist. ``digest`` is
    the SHA-256 of what the snapshot contains, in canonical JSON: model, window, policy digest and
    objects with their files' digests. Where it lies, when it was taken, which columns the source
    has besides, which method the audit has and what ``drift`` there was since the reading before
    is not content, so equal data under an equal policy and window has an equal digest.
    """

    model: str
    folder: Path
    window_start: datetime
    window_end: datetime
    logical_date: datetime
    taken_at: datetime
    policy_digest: str
    method_digest: str | None = None
    objects: dict[str, ObjectFile]
    digest: str
    drift: tuple[SchemaChange, ...] = ()

    @property
    def summary(self) -> str:
        """How much was read."""
        rows = sum(each.rows_written for each in self.objects.values())
        return f"{len(self.objects)} objects, {rows:,} rows"

    def path_of(self, name: str) -> Path:
        """The Parquet file of one CRM object."""
        return self.folder / self.objects[name].file
