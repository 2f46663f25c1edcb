"""One PostgreSQL table within the transaction that holds it still."""

from collections.abc import Iterator, Mapping

import pyarrow as pa

from fairness_audit.errors import SourceError
from fairness_audit.sources import Count, Field, Page, Scope, TableError, Window
from fairness_audit.sources.digits import decimals
from fairness_audit.sources.postgres import statements
from fairness_audit.sources.postgres.followers import Followers
from fairness_audit.sources.postgres.ranges import Cut, Keys, in_order
from fairness_audit.sources.postgres.session import Session
from fairness_audit.sources.postgres.statements import Relation
from fairness_audit.sources.postgres.types import reading_of


class PostgresTable:
    """A table, view or foreign table whose every row this login may see."""

    is_ordered = True

    def __init__(
        self,
        session: Session,
        relation: Relation,
        fields: Mapping[str, Field],
        others: Followers,
    ) -> None:
        self._session = session
        self._relation = relation
        self._others = others
        self._counted: dict[Scope, int] = {}
        self.fields = fields

    def count(self, wanted: Scope) -> Count:
        """Count the wanted rows, the undated ones and the values Arrow cannot hold."""
        undated = 0
        if wanted.window is not None:
            _bind(self._session, wanted.window)
            (undated,) = self._numbers(self._relation.undated(wanted.window.column))
        rows, *unfit = self._numbers(self._relation.totals(wanted))
        limited = self._relation.limited(wanted)
        self._counted[wanted] = rows
        return Count(rows, undated, dict(zip(limited, unfit, strict=True)))

    def pages(self, wanted: Scope, resume: str | None = None) -> Iterator[Page]:
        """Stream the wanted rows in the order of the key; a stream cannot be taken up again."""
        sessions = self._others.sessions() if self._is_large(wanted) else ()
        if sessions:
            cut = Cut(*self._numbers(self._relation.extent(wanted)))

            def read(session: Session, keys: Keys) -> Iterator[pa.RecordBatch]:
                return self._read(session, wanted, keys)

            yield from map(Page, in_order(cut, sessions, read))
        else:
            yield from map(Page, self._read(self._session, wanted))

    def _is_large(self, wanted: Scope) -> bool:
        rows = self._counted.get(wanted, 0)
        return rows >= self._others.from_rows and self._relation.has_ranges(wanted)

    def _read(
        self, session: Session, wanted: Scope, keys: Keys | None = None
    ) -> Iterator[pa.RecordBatch]:
        if wanted.window is not None:
            _bind(session, wanted.window)
        schema = pa.schema([(name, self.fields[name].arrow_type) for name in wanted.columns])
        statement = self._relation.rows(wanted, keys)
        for batch in session.stream(statement, about=str(self._relation)):
            yield self._typed(batch, schema)

    def _typed(self, batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
        try:
            arrays = [
                _cast(column, each.type)
                for column, each in zip(batch.columns, schema, strict=True)
            ]
        except pa.ArrowInvalid:
            # Without its cause, which quotes the value.
            raise SourceError(
                f"{self._session.place}: {self._relation}: a value does not fit the type its"
                " column declares (mend the rows, or give the policy a view that casts them)"
            ) from None
        return pa.RecordBatch.from_arrays(arrays, schema=schema)

    def _numbers(self, statement: str) -> list[int]:
        (numbers,) = self._session.fetch(statement, about=str(self._relation))
        return list(numbers)


def _cast(column: pa.Array, kind: pa.DataType) -> pa.Array:
    """A column as its type; decimals arrive as text."""
    return decimals(column, kind) if pa.types.is_decimal(kind) else column.cast(kind)


def _bind(session: Session, window: Window) -> None:
    bounds = (window.start.isoformat(), window.end.isoformat())
    session.fetch(statements.SET_WINDOW, bounds, about="window")


def find_table(session: Session, schema: str, name: str, others: Followers) -> PostgresTable:
    """Look a table up in the catalogue.

    Raises:
        TableError: when there is none of that name, when the login may not enter the schema, and
            when row-level security would hide rows: never a table that only looks empty.
    """
    about = f"{schema}.{name}"
    found = session.fetch(statements.FIND_RELATION, (schema, name), about=about)
    if not found:
        raise TableError(f"there is no table {about} (names are case-sensitive)")
    ((oid, schema_is_open, rows_are_filtered),) = found
    if not schema_is_open:
        raise TableError(f"permission denied for schema {schema} (GRANT USAGE on it)")
    if rows_are_filtered:
        raise TableError(
            f"row-level security hides rows of {about} from this login (ALTER ROLE … BYPASSRLS)"
        )
    readings, fields, sorted_as_text = {}, {}, set()
    columns = session.fetch(statements.FIND_COLUMNS, (oid,), about=about)
    for column, source_type, base_type, modifier, is_collatable, readable in columns:
        readings[column] = reading_of(base_type, modifier)
        fields[column] = Field(source_type, readings[column].arrow_type, readable)
        if is_collatable:
            sorted_as_text.add(column)
    return PostgresTable(session, Relation(schema, name, readings, sorted_as_text), fields, others)
