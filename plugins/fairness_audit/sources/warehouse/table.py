"""One table of a warehouse as of one moment."""

from collections.abc import Iterator, Mapping
from datetime import datetime

import pyarrow as pa

from fairness_audit.errors import SourceError
from fairness_audit.sources import Count, Field, Page, Scope, TableError
from fairness_audit.sources.paging import in_pages
from fairness_audit.sources.warehouse import statements
from fairness_audit.sources.warehouse.dialect import Dialect
from fairness_audit.sources.warehouse.session import Session
from fairness_audit.sources.warehouse.statements import Relation


class WarehouseTable:
    """A table that time travel holds still."""

    def __init__(self, session: Session, relation: Relation, fields: Mapping[str, Field]) -> None:
        self._session = session
        self._relation = relation
        self.fields = fields

    @property
    def is_ordered(self) -> bool:
        """True if rows arrive in the order they were asked for."""
        return self._relation.dialect.is_ordered

    def count(self, wanted: Scope) -> Count:
        """Count the wanted rows, the undated ones and the values Arrow cannot hold."""
        undated = 0
        if wanted.window is not None:
            (undated,) = self._numbers(self._relation.undated(wanted.window.column))
        rows, *unfit = self._numbers(self._relation.totals(wanted))
        return Count(rows, undated, dict(zip(self._relation.limited(wanted), unfit, strict=True)))

    def pages(self, wanted: Scope, resume: str | None = None) -> Iterator[Page]:
        """Stream the wanted rows; a stream cannot be taken up again."""
        schema = pa.schema([(name, self.fields[name].arrow_type) for name in wanted.columns])
        batches = self._session.stream(self._relation.rows(wanted), about=str(self._relation))
        yield from in_pages(self._typed(batch, schema) for batch in batches)

    def _typed(self, batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
        try:
            arrays = [
                _cast(array, each.type) for array, each in zip(batch.columns, schema, strict=True)
            ]
        except pa.ArrowException:
            # Without its cause, which quotes the value.
            raise SourceError(
                f"{self._session.place}: {self._relation}: a value does not fit the type its"
                " column declares (mend the rows, or give the policy a view that casts them)"
            ) from None
        return pa.record_batch(arrays, schema=schema)

    def _numbers(self, statement: statements.Statement) -> list[int]:
        (numbers,) = self._session.fetch(statement, about=str(self._relation))
        return [int(number) for number in numbers]


def _cast(array: pa.Array, wanted: pa.DataType) -> pa.Array:
    """A column as its declared type; moments may have come as numbers of microseconds."""
    if pa.types.is_timestamp(wanted) and not pa.types.is_timestamp(array.type):
        array = array.cast(pa.int64())
    return array.cast(wanted)


def find_table(
    session: Session,
    dialect: Dialect,
    database: str,
    schema: str,
    name: str,
    as_of: datetime,
) -> WarehouseTable:
    """Look a table up in the catalogue.

    Raises:
        TableError: when there is none of that name, and when its kind cannot be held still.
    """
    about = f"{schema}.{name}"
    kinds = session.fetch(statements.find_kind(dialect, database, schema, name), about=about)
    if not kinds:
        raise TableError(
            f"there is no table {about}, or this login may not see it (names are case-sensitive;"
            " GRANT SELECT on it)"
        )
    kind = str(kinds[0][0])
    if kind not in dialect.still:
        raise TableError(
            f"{about} is a {kind.lower()}, which {dialect.name} does not read as of one moment"
            " (name a table, or a table made from it)"
        )
    readings, fields = {}, {}
    found = session.fetch(statements.find_columns(dialect, database, schema, name), about=about)
    for column, source_type, *rest in found:
        readings[column] = dialect.reading_of(source_type, *rest)
        fields[column] = Field(source_type, readings[column].arrow_type, readable=True)
    relation = Relation(dialect, (database, schema), name, readings, as_of)
    return WarehouseTable(session, relation, fields)
