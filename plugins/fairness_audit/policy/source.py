"""The part of a policy that says what leaves the CRM."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from fairness_audit.policy.base import (
    ONLY_RUN,
    Key,
    Name,
    SourceName,
    Strict,
    outside_digest,
)


class SourceObject(Strict):
    """One table of the CRM, and the columns that leave it."""

    table: SourceName = Field(description="Name of the table or object, as the CRM spells it.")
    schema_name: SourceName | None = Field(
        default=None, alias="schema", description="Only where the source has schemas."
    )
    columns: tuple[SourceName, ...] = Field(
        min_length=1, description="The only columns that are read."
    )
    key: Key = Field(
        description="Column whose value is unique per row, or a list of columns that are together."
    )
    window_on: SourceName | None = Field(
        default=None,
        description="Timestamp column that limits the rows to the audit's window.",
    )
    modified_on: SourceName | None = outside_digest(
        "at its default",
        default=None,
        reason="policies from before changes were read keep theirs",
        description=(
            "Timestamp column that changes with every change of a row: only what changed since"
            " the audit before is read then."
        ),
    )

    @property
    def place(self) -> str:
        """`crm.leads`, or `Lead` where there are no schemas."""
        return self.table if self.schema_name is None else f"{self.schema_name}.{self.table}"

    @model_validator(mode="after")
    def _columns_are_distinct(self) -> Self:
        if any(len(set(names)) != len(names) for names in (self.columns, self.key)):
            raise ValueError("a column is named twice; name each once")
        if self.modified_on is not None and self.window_on is not None:
            raise ValueError("write window_on or modified_on, not both")
        stamps = {each for each in (self.window_on, self.modified_on) if each is not None}
        missing = {*self.key, *stamps} - set(self.columns)
        if missing:
            raise ValueError(f"{sorted(missing)} must also be listed under columns")
        return self


class SchemaDrift(StrEnum):
    """What becomes of an audit whose tables are no longer those of the audit before."""

    FAIL = "fail"  # nothing is read
    WARN = "warn"  # it is logged, and the snapshot and the record say so


class Source(Strict):
    """The CRM that is audited."""

    crm: Name = Field(description="Folder under sql/staging/ that maps this CRM's columns.")
    connection: Annotated[
        str, StringConstraints(pattern=r"^[A-Za-z0-9_.\-]{1,250}$"), ONLY_RUN
    ] = Field(description="Airflow connection id; its conn_type picks the source.")
    objects: dict[Name, SourceObject] = Field(
        min_length=1,
        description="The tables that are read, under our names: `sql/staging/<crm>/<name>.sql`.",
    )
    look_back_minutes: int = outside_digest(
        "at its default",
        default=60,
        ge=1,
        le=10_080,
        reason="policies from before changes were read keep theirs",
        description="How much a reading of changes overlaps the one before: late commits.",
    )
    refresh_days: int = outside_digest(
        "at its default",
        default=7,
        ge=1,
        le=366,
        reason="policies from before changes were read keep theirs",
        description="After so many days all rows are read anew: formulas change without a stamp.",
    )
    schema_drift: SchemaDrift = outside_digest(
        "at its default",
        default=SchemaDrift.WARN,
        reason="policies from before the schema was watched keep theirs",
        description="What to do when columns appear, vanish or change type between two audits.",
    )
