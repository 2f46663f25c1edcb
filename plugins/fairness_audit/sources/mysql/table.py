"""One table within the transaction that holds it still."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from fairness_audit.errors import SourceError
from fairness_audit.sources import Count, Field, Page, Scope, TableError
from fairness_audit.sources.digits import decimals
from fairness_audit.sources.mysql import statements
from fairness_audit.sources.mysql.faults import DENIED, NOT_THERE, StatementFailed
from fairness_audit.sources.mysql.session import Session
from fairness_audit.sources.mysql.statements import Relation
from fairness_audit.sources.mysql.types import reading_of
from fairness_audit.sources.mysql.views import check_held_still
from fairness_audit.sources.paging import in_pages

_HIDDEN = Field("hidden from this login", pa.null(), readable=False)


class MySQLTable:
    """An InnoDB table, or a view of such tables."""

    is_ordered = True

    def __init__(self, session: Session, relation: Relation, fields: Mapping[str, Field]) -> None:
        self._session = session
        self._relation = relation
        self.fields = fields

    def count(self, wanted: Scope) -> Count:
        """Count the wanted rows, the undated ones and the values Arrow cannot hold."""
        undated = 0
        if wanted.window is not None:
            (undated,) = self._numbers(self._relation.undated(wanted.window.column))
        rows, *unfit = self._numbers(self._relation.totals(wanted))
        doubtful = self._relation.doubtful(wanted)
        return Count(rows, undated, dict(zip(doubtful, unfit, strict=True)))

    def pages(self, wanted: Scope, resume: str | None = None) -> Iterator[Page]:
        """Stream the wanted rows in the order of the key; a stream cannot be taken up again."""
        rows = self._session.stream(self._relation.rows(wanted), about=str(self._relation))
        yield from in_pages(self._batch(wanted.columns, each) for each in rows)

    def _batch(self, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> pa.RecordBatch:
        types = [self.fields[name].arrow_type for name in columns]
        try:
            arrays = [
                _array(values, arrow_type)
                for values, arrow_type in zip(zip(*rows, strict=True), types, strict=True)
            ]
        except pa.ArrowException:
            # Without its cause, which quotes the value.
            raise SourceError(
                f"{self._session.place}: {self._relation}: a value does not fit the type its"
                " column declares (mend the rows, or give the policy a view that casts them)"
            ) from None
        return pa.record_batch(arrays, names=list(columns))

    def _numbers(self, statement: Any) -> list[int]:
        (numbers,) = self._session.fetch(statement, about=str(self._relation))
        return [int(number) for number in numbers]


def _array(values: Sequence[Any], arrow_type: pa.DataType) -> pa.Array:
    """Values as the server spelled them, as values of their type."""
    if pa.types.is_binary(arrow_type):
        return pa.array(values, arrow_type)
    spelled = pa.array(values, pa.string())
    if pa.types.is_decimal(arrow_type):
        return decimals(spelled, arrow_type)
    if pa.types.is_timestamp(arrow_type):
        # The session's time zone is UTC; no stamp comes with a zone of its own.
        spelled = spelled.cast(pa.timestamp("us"))
    return spelled.cast(arrow_type)


def _number(spelled: str | None) -> int | None:
    return None if spelled is None else int(spelled)


class _PartlyHidden(Mapping[str, Field]):
    """The columns a login sees of a table of which it may not read all.

    The server denies a column that is hidden and a column that is not there in the same words, so
    any other column counts as one that may not be read.
    """

    def __init__(self, seen: Mapping[str, Field]) -> None:
        self._seen = seen

    def __getitem__(self, name: str) -> Field:
        return self._seen.get(name, _HIDDEN)

    def __iter__(self) -> Iterator[str]:
        return iter(self._seen)

    def __len__(self) -> int:
        return len(self._seen)


def find_table(session: Session, schema: str, name: str) -> MySQLTable:
    """Look a table up in the catalogue.

    Raises:
        TableError: when there is none of that name, when the login may not read it, and when no
            transaction holds it still.
    """
    about = f"{schema}.{name}"
    try:
        # First, so that what the catalogue says stays true until the transaction ends.
        session.fetch(statements.opening(schema, name), about=about)
    except StatementFailed as error:
        if error.code in NOT_THERE:
            raise TableError(f"there is no table {about} (names are case-sensitive)") from None
        if error.code in DENIED:
            raise TableError(
                f"there is no table {about}, or this login may not read it (names are"
                " case-sensitive; GRANT SELECT on it)"
            ) from None
        raise
    check_held_still(session, schema, name)
    readings, fields = {}, {}
    values = {"schema": schema, "name": name}
    for *names, column, kind, declared, digits, scale, charset, rights in session.fetch(
        statements.FIND_COLUMNS, values, about=about
    ):
        if names == [schema, name]:
            readings[column] = reading_of(kind, declared, _number(digits), _number(scale), charset)
            # The values an enum may have are not part of its name.
            source_type = kind if kind in ("enum", "set") else declared
            readable = "select" in rights.lower().split(",")
            fields[column] = Field(source_type, readings[column].arrow_type, readable)
    relation = Relation(schema, name, readings)
    return MySQLTable(session, relation, _with_hidden(session, relation, fields))


def _with_hidden(
    session: Session, relation: Relation, seen: Mapping[str, Field]
) -> Mapping[str, Field]:
    try:
        session.fetch(statements.all_columns(relation.schema, relation.name), about=str(relation))
    except StatementFailed as error:
        if error.code in DENIED:
            return _PartlyHidden(seen)
        raise
    return seen
