"""Any CSV or Parquet file as a population, strictly checked."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
from duckdb import ColumnExpression, ConstantExpression, Expression

from fairness_audit.engine.duckdb import locked_connection, statement
from fairness_audit.errors import InputError
from fairness_audit.policy.metrics import Needs

PARTS = (
    "outcome",
    "selected",
    "score",
    "decision",
    "value",
    "rank",
    "list",
    "weight",
    "subject",
)
"""What a column may be, of which a file has one at most."""


@dataclass(frozen=True, kw_only=True)
class InputFile:
    """A file and the names of the columns that play a part; None where there is none.

    ``probabilities`` has, for each attribute that is known by probabilities alone, the column of
    each of its groups.
    """

    path: Path
    attributes: tuple[str, ...]
    strata: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    outcome: str | None = None
    selected: str | None = None
    score: str | None = None
    decision: str | None = None
    value: str | None = None
    rank: str | None = None
    list: str | None = None
    weight: str | None = None
    subject: str | None = None
    probabilities: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def columns(self) -> frozenset[Needs]:
        """The columns the population will have, as metrics need them."""
        named = {need for need in Needs if need.value in PARTS and getattr(self, need.value)}
        named |= {Needs.STRATUM} if self.strata else set()
        named |= {Needs.PROBABILITY} if self.probabilities else set()
        return frozenset(named | ({Needs.FEATURE} if self.features else set()))


def write_population(input_file: InputFile, path: Path, *, sql: Path) -> int:
    """Write the file as a population in Parquet to ``path``; the number of its rows.

    Raises:
        InputError: the file cannot be read, lacks a column, is empty, or holds values that a
            metric cannot be made of. The message names file and column, never a value.

    """
    with locked_connection([path.parent, input_file.path.resolve().parent]) as connection:
        rows = _checked(connection, input_file, sql, path.parent)
        population = connection.sql(statement(sql / "measure" / "given_population.sql"))
        # Values may have a score that predicts them: its column is kept, empty if need be.
        absent = [
            name
            for name in ("weight", "rank", "list", "decision", "value", "subject")
            if getattr(input_file, name) is None
            and not (name == "subject" and input_file.probabilities)
        ]
        kept = [name for name in population.columns if name not in absent]
        population.select(*map(ColumnExpression, kept)).write_parquet(str(path))
    return rows


def _checked(
    connection: duckdb.DuckDBPyConnection, input_file: InputFile, sql: Path, folder: Path
) -> int:
    read = _read(connection, input_file, folder)
    if missing := sorted({each for each in _named(input_file) if each not in read.columns}):
        raise InputError(
            f"{input_file.path}: no column {', '.join(map(repr, missing))}"
            f" (it has {', '.join(read.columns)})"
        )
    read.select(*_expressions(input_file)).create_view("given")
    query = connection.sql(statement(sql / "measure" / "given_faults.sql"))
    try:
        rows, *counts = query.fetchall()[0]
    except duckdb.Error as error:
        raise InputError(f"{input_file.path}: {_first_line(error)} (mend the file)") from error
    if not rows:
        raise InputError(f"{input_file.path}: holds no row (there is nothing to measure)")
    for name, broken in zip(query.columns[1:], counts, strict=True):
        part, _, rule = name.partition("_")
        column = getattr(input_file, part)
        if broken and column is not None:
            raise InputError(
                f"{input_file.path}: column {column!r}: {broken} {_RULES[part, rule]}"
            )
    if input_file.features:
        _check_features(connection, input_file, sql)
    _check_probabilities(connection, input_file, sql)
    return int(rows)


def _check_features(
    connection: duckdb.DuckDBPyConnection, input_file: InputFile, sql: Path
) -> None:
    query = connection.sql(statement(sql / "measure" / "given_feature_faults.sql"))
    for name, broken in zip(input_file.features, query.fetchall()[0], strict=True):
        if broken:
            raise InputError(
                f"{input_file.path}: column {name!r}: {broken} rows are not"
                " finite numbers (turn classes into numbers, and fill or leave out what is empty)"
            )


def _check_probabilities(
    connection: duckdb.DuckDBPyConnection, input_file: InputFile, sql: Path
) -> None:
    text, first = statement(sql / "measure" / "given_probability_faults.sql"), 0
    for attribute, groups in input_file.probabilities.items():
        columns = [f"probability_{first + i}" for i in range(len(groups))]
        first += len(groups)
        for row, place in connection.sql(text, params={"probabilities": columns}).fetchall():
            if place:
                column = list(groups.values())[place - 1]
                raise InputError(
                    f"{input_file.path}: column {column!r}, row {row}: is no probability"
                    " (write a number from 0 to 1)"
                )
            raise InputError(
                f"{input_file.path}: row {row}: the probabilities of {attribute}"
                f" ({', '.join(groups.values())}) do not sum to 1 (name the column of every group)"
            )


_RULES = {
    ("outcome", "not_binary"): "rows are not binary (write 0, 1, true, false or nothing)",
    ("selected", "not_binary"): "rows are not binary (write 0, 1, true or false)",
    ("selected", "empty"): "rows are empty (every decision selects or does not)",
    ("score", "not_finite"): "rows are not finite numbers (NaN and infinity are refused)",
    ("value", "not_finite"): "rows are not finite numbers (NaN and infinity are refused)",
    ("rank", "not_whole"): "rows are not whole numbers from 1",
    ("weight", "not_positive"): "rows are not positive numbers (from 1e-100 to 1e100)",
    ("subject", "empty"): "rows are empty (say who each decision is about)",
    ("decision", "empty"): "rows are empty (every row needs a decision)",
}


def _read(
    connection: duckdb.DuckDBPyConnection, input_file: InputFile, folder: Path
) -> duckdb.DuckDBPyRelation:
    file = input_file.path
    if not file.is_file():
        raise InputError(f"{file}: no such file")
    if file.stat().st_size == 0:
        raise InputError(f"{file}: is empty (there is nothing to measure)")
    is_parquet = file.suffix.lower() in (".parquet", ".pq")
    try:
        readable = file.resolve() if is_parquet else _as_parquet(file, folder / "given.parquet")
        return connection.read_parquet(str(readable))
    except (duckdb.Error, pa.ArrowInvalid, UnicodeDecodeError) as error:
        # What a parser says may quote a row; only how many columns it found is repeated.
        found = re.search(r"Expected \d+ columns, got \d+", str(error))
        raise InputError(
            f"{file}: is not readable as {'Parquet' if is_parquet else 'CSV'}"
            f"{f': {found[0].lower()}' if found else ''}"
            " (write UTF-8 with a header and as many cells in every row)"
        ) from error


def _as_parquet(file: Path, copy: Path) -> Path:
    """A CSV file as text columns, whole or not at all.

    Arrow's reader refuses a row with too few or too many cells, where DuckDB's may leave it out.
    """
    delimiter = "\t" if file.suffix.lower() == ".tsv" else ","
    parse = pa_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    with pa_csv.open_csv(file, parse_options=parse) as header:
        names = header.schema.names
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(f"{file}: column {twice[0]!r} is there twice (name each once)")
    convert = pa_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()))
    with (
        pa_csv.open_csv(file, parse_options=parse, convert_options=convert) as reader,
        pq.ParquetWriter(copy, reader.schema, compression="lz4") as writer,
    ):
        for batch in reader:
            writer.write_batch(batch)
    return copy


def _named(input_file: InputFile) -> list[str]:
    plain = [getattr(input_file, name) for name in PARTS]
    named = [name for name in plain if name is not None]
    likely = [column for each in input_file.probabilities.values() for column in each.values()]
    return [*input_file.attributes, *input_file.strata, *input_file.features, *likely, *named]


def _expressions(input_file: InputFile) -> list[Expression]:
    """What is read, as text, under the names that populations use; of no attribute, one of all."""
    groups = {f"attr_{name}": name for name in input_file.attributes}
    read = [] if groups else [ConstantExpression("everybody").alias("attr_")]
    groups |= {f"stratum_{name}": name for name in input_file.strata}
    groups |= {f"feature_{name}": name for name in input_file.features}
    likely = [column for each in input_file.probabilities.values() for column in each.values()]
    groups |= {f"probability_{i}": column for i, column in enumerate(likely)}
    read += [
        ColumnExpression(column).cast("VARCHAR").alias(name) for name, column in groups.items()
    ]
    for name in PARTS:
        column = getattr(input_file, name)
        text = ConstantExpression(None) if column is None else ColumnExpression(column)
        read.append(text.cast("VARCHAR").alias(name))
    return read


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
