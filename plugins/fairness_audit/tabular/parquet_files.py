"""A Parquet file, or a folder of parts that are one table.

Names are never patterns of names. Folders called ``name=value`` add a column of text; if the files
have a column of that name, theirs stands.
"""

from collections.abc import Iterator, Mapping
from functools import reduce
from pathlib import Path
from urllib.parse import unquote

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from duckdb import ColumnExpression, ConstantExpression

from fairness_audit.engine.duckdb import exactly
from fairness_audit.errors import TabularError
from fairness_audit.tabular.kind import Kind, kind_of, worded
from fairness_audit.tabular.names import named_once

_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
_LOGS = {
    "_delta_log": "a Delta table",
    ".hoodie": "a Hudi table",
    "metadata": "an Iceberg table",
}

Folders = tuple[tuple[str, str | None], ...]
"""What the names of folders say of the files in them."""


class ParquetFiles:
    """The files of one table, and the columns that all of them have.

    ``schema`` has their types as Arrow knows them.
    """

    has_blanks = False

    def __init__(self, path: Path) -> None:
        """Read the schemas.

        Raises:
            TabularError: a file is not Parquet, there is none, or they are not alike.
        """
        self.path = path
        self.parts = parts_of(path) if path.is_dir() else [path]
        schemas = [_schema(part) for part in self.parts]
        for part, schema in zip(self.parts, schemas, strict=True):
            named_once(part, schema.names)
        own = _joined(self.parts, schemas)
        folders = {part: _folders(part.relative_to(path)) for part in self.parts}
        said = {tuple(name for name, _ in each) for each in folders.values()}
        if len(said) > 1:
            raise TabularError(f"{path}: its folders are not named alike (name all name=value)")
        (names,) = said
        known = {name.casefold() for name in own.names}
        self._added = {
            part: {name: value for name, value in each if name.casefold() not in known}
            for part, each in folders.items()
        }
        self._both = [name for name in names if name.casefold() in known]
        added = [name for name in names if name.casefold() not in known]
        named_once(path, added)
        self.schema = pa.schema([*own, *((name, pa.string()) for name in added)])
        self.names = tuple(self.schema.names)

    @property
    def notices(self) -> tuple[str, ...]:
        """What was taken for granted."""
        if not self._both:
            return ()
        return (
            f"its folders are named after {', '.join(self._both)} too: the column in the files"
            " is read",
        )

    @property
    def folders(self) -> list[Path]:
        """Where the files lie, links followed."""
        return sorted({part.resolve().parent for part in self.parts})

    def relation(self, connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
        """All rows, in the order of the files; columns by place as in `names`."""
        together: dict[tuple[tuple[str, str | None], ...], list[Path]] = {}
        for part, added in self._added.items():
            together.setdefault(tuple(added.items()), []).append(part)
        each = [self._some(connection, parts, dict(added)) for added, parts in together.items()]
        return reduce(lambda one, other: one.union(other), each)

    def _some(
        self,
        connection: duckdb.DuckDBPyConnection,
        parts: list[Path],
        added: Mapping[str, str | None],
    ) -> duckdb.DuckDBPyRelation:
        rows = connection.read_parquet(
            [exactly(part.resolve()) for part in parts],
            hive_partitioning=False,
            union_by_name=len(parts) > 1,
        )
        if not added:
            return rows
        constants = [ConstantExpression(v).cast("VARCHAR").alias(k) for k, v in added.items()]
        return rows.select(*map(ColumnExpression, rows.columns), *constants)


def parts_of(folder: Path) -> list[Path]:
    """The files of a folder, in order; what begins with `_` or a dot is none of them.

    Raises:
        TabularError: there is none, or it is a table whose log says which of them count.
    """
    with worded(folder):
        for name, what in _LOGS.items():
            if (folder / name).is_dir():
                raise TabularError(
                    f"{folder}: is {what}, whose log says which files count (export it as plain"
                    " Parquet)"
                )
        found = sorted(visible(folder, deep=True))
    if not found:
        raise TabularError(f"{folder}: holds no file (name a folder of Parquet files)")
    return found


def visible(folder: Path, *, deep: bool = False) -> Iterator[Path]:
    """What lies in a folder, but for what begins with `_` or a dot; ``deep`` are files alone."""
    for each in folder.iterdir():
        if each.name.startswith(("_", ".")):
            continue
        if deep and each.is_dir():
            yield from visible(each, deep=True)
        else:
            yield each


def _schema(part: Path) -> pa.Schema:
    if kind_of(part) is not Kind.PARQUET:
        raise TabularError(f"{part}: is not Parquet (leave in the folder what is, and no more)")
    try:
        with worded(part), part.open("rb") as file:
            return pq.read_schema(file)
    except pa.ArrowException:
        raise TabularError(
            f"{part}: cannot be read as Parquet (it may be cut off: copy or write it again)"
        ) from None


def _joined(parts: list[Path], schemas: list[pa.Schema]) -> pa.Schema:
    """The schema of all parts, which must have the same columns of the same types."""
    plain = [pa.schema([(each.name, _plain(each.type)) for each in s]) for s in schemas]
    first = plain[0]
    for part, schema in zip(parts, plain, strict=True):
        if differing := set(first.names) ^ set(schema.names):
            raise TabularError(
                f"{part}: column {min(differing)!r} is not in every part (write all parts with"
                " the same columns)"
            )
    if len(parts) == 1:
        return schemas[0]
    try:
        return pa.unify_schemas(plain)
    except pa.ArrowException:
        one, other = next(
            (name, part)
            for part, schema in zip(parts, plain, strict=True)
            for name in first.names
            if not _alike(first.field(name).type, schema.field(name).type)
        )
        raise TabularError(
            f"{other}: column {one!r} is of another type than in {parts[0].name} (write all parts"
            " with the same types)"
        ) from None


def _plain(kind: pa.DataType) -> pa.DataType:
    """How a value is stored apart, what it is."""
    if pa.types.is_dictionary(kind):
        return _plain(kind.value_type)
    return pa.string() if pa.types.is_large_string(kind) else kind


def _alike(one: pa.DataType, other: pa.DataType) -> bool:
    return bool(one == other) or pa.types.is_null(one) or pa.types.is_null(other)


def _folders(part: Path) -> Folders:
    """What the folders of a part say, outermost first."""
    pairs = [each.partition("=") for each in part.parts[:-1]]
    return tuple(
        (unquote(name), None if value == _NO_VALUE else unquote(value))
        for name, equals, value in pairs
        if equals
    )
