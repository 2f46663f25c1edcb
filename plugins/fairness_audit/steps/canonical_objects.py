"""What the canonical CRM objects are, and whether every staging file gives them.

``sql/objects/<object>.yaml`` says what an object is and, per column, its type and meaning. Each
``sql/staging/<crm>/<object>.sql`` must give exactly these columns, whatever the CRM calls its own.

That is held without a row. The file is bound to an empty table that has every column it names,
none of which has a type, so a column of the result has a type where the SQL itself gives it one:
by a cast, a literal or a function. A column that is passed on has what the CRM gives it, which is
not known before rows are there.
"""

import difflib
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from duckdb.sqltypes import DuckDBPyType
from pydantic import Field, StringConstraints, ValidationError

from fairness_audit.encoding import read_yaml
from fairness_audit.engine.duckdb import exactly, locked_connection, statement, values_used
from fairness_audit.errors import InputError
from fairness_audit.policy.base import Name, Strict

Sentence = Annotated[str, StringConstraints(pattern=r"^\S[^\n]*\.$", max_length=200)]


class CanonicalType(StrEnum):
    """What the values of a canonical column are, whichever CRM they come from."""

    ID = "id"  # only compared with other ids, so text in one CRM and a number in another
    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    DOUBLE = "double"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"  # a moment: a time without its zone is none

    @property
    def cast(self) -> str:
        """The DuckDB type that a staging file may cast to."""
        return _CASTS[self]

    def admits(self, type_id: str) -> bool:
        """Whether a result of this DuckDB type is one."""
        return type_id in _ADMITTED[self]


_CASTS: Mapping[CanonicalType, str] = {
    CanonicalType.ID: "VARCHAR",
    CanonicalType.TEXT: "VARCHAR",
    CanonicalType.INTEGER: "INTEGER",
    CanonicalType.DECIMAL: "DECIMAL(12, 2)",
    CanonicalType.DOUBLE: "DOUBLE",
    CanonicalType.BOOLEAN: "BOOLEAN",
    CanonicalType.DATE: "DATE",
    CanonicalType.TIMESTAMP: "TIMESTAMPTZ",
}

_UNTYPED = "null"
_INTEGERS = {"tinyint", "smallint", "integer", "bigint"}
_ADMITTED: Mapping[CanonicalType, set[str]] = {
    CanonicalType.ID: {"varchar", "uuid", *_INTEGERS},
    CanonicalType.TEXT: {"varchar"},
    CanonicalType.INTEGER: _INTEGERS,
    CanonicalType.DECIMAL: {"decimal"},
    CanonicalType.DOUBLE: {"double"},
    CanonicalType.BOOLEAN: {"boolean"},
    CanonicalType.DATE: {"date"},
    CanonicalType.TIMESTAMP: {"timestamp with time zone"},
}


class CanonicalColumn(Strict):
    """One column; ``optional`` where not every CRM has such a thing."""

    type: CanonicalType
    meaning: Sentence
    optional: bool = False


class CanonicalObject(Strict):
    """One object of a CRM, as population and feature SQL know it."""

    meaning: Sentence
    columns: dict[Name, CanonicalColumn] = Field(min_length=1)


def staging_faults(sql: Path) -> list[str]:
    """Everything in which a staging file differs from the description of its object.

    Args:
        sql: folder with ``staging/`` and ``objects/``.
    """
    by_object: dict[str, list[Path]] = {}
    for file in sorted((sql / "staging").glob("*/*.sql")):
        by_object.setdefault(file.stem, []).append(file)
    with _unfilled_tables() as tables:
        return [
            fault
            for name, files in by_object.items()
            for fault in _object_faults(tables, sql / "objects" / f"{name}.yaml", files)
        ]


def _object_faults(
    tables: "_UnfilledTables", description: Path, files: Sequence[Path]
) -> Iterator[str]:
    try:
        described = read_object(description)
    except FileNotFoundError:
        for file in files:
            yield f"{file}: its object is not described (write {description})"
    except InputError as faults:
        yield from str(faults).splitlines()
    else:
        for file in files:
            try:
                yield from _differences(file, tables.output_types(file), described, description)
            except InputError as fault:
                yield str(fault)


def read_object(file: Path) -> CanonicalObject:
    """The description of one object.

    Raises:
        FileNotFoundError: there is none.
        InputError: it is malformed; the message says where, and what to do.
    """
    try:
        return CanonicalObject.model_validate(read_yaml(file.read_bytes()))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(
            f"{file}: is not plain YAML (mend its syntax): {_first_line(error)}"
        ) from error
    except ValidationError as error:
        raise InputError("\n".join(_malformed(file, each) for each in error.errors())) from error


def _malformed(file: Path, error: Any) -> str:
    field = ".".join(str(part) for part in error["loc"] if part != "[key]") or "(file)"
    cure = _CURES.get(error["type"], _SHAPE)
    return f"{file}: {field}: {error['msg']} ({cure})"


_SHAPE = "give the object a meaning and columns, and every column a type and a meaning"
_CURES = {
    "enum": "use one of these words",
    "extra_forbidden": "remove it; a column has type, meaning and, if need be, optional",
    "missing": "add this field",
    "string_pattern_mismatch": "write one sentence with its full stop, or a lower-case name",
}


def _differences(
    file: Path, given: Mapping[str, DuckDBPyType], described: CanonicalObject, description: Path
) -> Iterator[str]:
    for name, column in described.columns.items():
        if name not in given and not column.optional:
            yield f"{file}: column {name} is missing (select it: {column.meaning})"
        elif name in given and not _is_one(given[name], column.type):
            yield (
                f"{file}: column {name} is {given[name]}, not {column.type}"
                f" (CAST it to {column.type.cast})"
            )
    for name in given:
        if name not in described.columns:
            near = difflib.get_close_matches(name, described.columns, n=1)
            cure = f"did you mean {near[0]}?" if near else f"describe it in {description}"
            yield f"{file}: column {name} is unknown ({cure})"


def _is_one(given: DuckDBPyType, wanted: CanonicalType) -> bool:
    return given.id == _UNTYPED or wanted.admits(given.id)


_EVERY_OTHER = "fairness_audit_every_other_column"


class _UnfilledTables:
    """What stands in for a CRM's table: no row, and columns without a type."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
        self._connection, self._file = connection, folder / "unfilled.parquet"

    def output_types(self, file: Path) -> dict[str, DuckDBPyType]:
        """The columns that a staging file gives, each with its type as far as the SQL says it.

        Raises:
            InputError: it is not one SELECT, does not bind, or does not name what it gives.
        """
        text = statement(file)
        columns = {name: pa.nulls(0) for name in self._columns_named(file, text)}
        pq.write_table(pa.table(columns), self._file)
        try:
            bound = values_used(text, {"path": exactly(self._file)})
            relation = self._connection.sql(text, params=bound)
        except duckdb.Error as error:
            raise InputError(
                f"{file}: does not bind (mend it; where a type is asked for, CAST what the CRM"
                f" gives): {_first_line(error)}"
            ) from error
        types = dict(zip(relation.columns, relation.types, strict=True))
        if _EVERY_OTHER in types:
            raise InputError(f"{file}: * gives whatever the CRM's table has (name every column)")
        return types

    def _columns_named(self, file: Path, text: str) -> list[str]:
        """Every column the statement names, and one that none does."""
        query = "SELECT json_serialize_sql($text::VARCHAR)"
        ((parsed,),) = self._connection.execute(query, {"text": text}).fetchall()
        tree = json.loads(parsed)
        if tree["error"] or len(tree["statements"]) != 1:
            why = tree.get("error_message", "there are several statements, or none")
            raise InputError(f"{file}: is not one SELECT (write one): {why}")
        # To DuckDB, names that differ in case are one.
        named = {each.casefold(): each for each in (_EVERY_OTHER, *_references(tree))}
        return sorted(named.values())


@contextmanager
def _unfilled_tables() -> Iterator[_UnfilledTables]:
    with tempfile.TemporaryDirectory(prefix="fairness-audit-") as created:
        folder = Path(created).resolve()
        with locked_connection([folder]) as connection:
            yield _UnfilledTables(connection, folder)


def _references(tree: Any) -> Iterator[str]:
    """The parts of every reference to a column in a parsed statement."""
    if isinstance(tree, dict):
        if tree.get("class") == "COLUMN_REF":
            yield from tree["column_names"]
        for part in tree.values():
            yield from _references(part)
    elif isinstance(tree, list):
        for part in tree:
            yield from _references(part)


def _first_line(error: Exception) -> str:
    return " ".join(str(error).split("\n", 1)[0].split())
