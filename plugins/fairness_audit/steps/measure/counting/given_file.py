"""A file that was given to be measured, as a population, strictly checked."""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from duckdb import (
    CaseExpression,
    ColumnExpression,
    ConstantExpression,
    Expression,
    FunctionExpression,
)

from fairness_audit.engine.duckdb import exactly, locked_connection, statement
from fairness_audit.errors import InputError, TabularError
from fairness_audit.policy.model import Against
from fairness_audit.records.measurement import OVERALL
from fairness_audit.steps.measure.counting.given_cells import (
    UNKNOWN_WORDS,
    Counted,
    Tell,
    band,
    is_one_of,
    numbers_of,
    plain,
    text_of,
    told_of_groups,
    told_of_unknown,
    truth,
)
from fairness_audit.steps.measure.counting.input_file import PARTS, InputFile
from fairness_audit.tabular import TabularFile, table_at
from fairness_audit.tabular.csv_file import CsvFile
from fairness_audit.tabular.json_file import JsonFile
from fairness_audit.tabular.names import named_once
from fairness_audit.tabular.parquet_files import ParquetFiles


def write_population(
    input_file: InputFile, path: Path, *, sql: Path, tell: Tell = lambda _: None
) -> int:
    """Write the file as a population in Parquet to ``path``; the number of its rows.

    ``tell`` hears what was taken for granted, a sentence each.

    Raises:
        InputError: the file cannot be read, lacks a column, is empty, or holds values that a
            metric cannot be made of. The message names file and column, never a value.

    """
    try:
        file = table_at(input_file.path, input_file.said, guess=True)
        named_once(input_file.path, file.names, in_any_case=True)
        _check_names(input_file, file)
        folders = file.folders if isinstance(file, ParquetFiles) else []
        with locked_connection([path.parent, *folders]) as connection:
            given = _Given(input_file, file, connection, sql, path.parent)
            for notice in file.notices:
                tell(notice)
            rows = given.checked(tell)
            given.write(path)
    except TabularError as error:
        raise InputError(str(error)) from None
    except duckdb.Error as error:  # whose words can quote a row
        raise InputError(
            f"{input_file.path}: cannot be read to its end, {type(error).__name__} (text must be"
            " UTF-8; write the file anew, or mend its rows)"
        ) from None
    return rows


def _check_names(input_file: InputFile, file: TabularFile) -> None:
    missing = sorted({each for each in _named(input_file) if each not in file.names})
    if missing:
        raise InputError(
            f"{input_file.path}: no column {', '.join(map(repr, missing))}"
            f" (it has {', '.join(file.names)})"
        )


class _Given:
    """The file as a view of text, each column meaning one thing."""

    def __init__(
        self,
        input_file: InputFile,
        file: TabularFile,
        connection: duckdb.DuckDBPyConnection,
        sql: Path,
        folder: Path,
    ) -> None:
        self._input, self._file, self._sql = input_file, file, sql
        self._connection = connection
        self._kinds: Mapping[str, pa.DataType] = {}
        if isinstance(file, ParquetFiles):
            self._rows = file.relation(connection)
            self._kinds = {each.name: each.type for each in file.schema}
        else:
            self._rows = connection.read_parquet(exactly(_copied(file, folder)))
        self._stored = dict(zip(file.names, self._rows.types, strict=True))

    def checked(self, tell: Tell) -> int:
        """Make the view ``given``, and hold it against every rule; the number of rows."""
        place = self._input.path
        try:
            self._rows.select(*self._expressions(tell)).create_view("given")
            query = self._connection.sql(self._statement("given_faults"))
            rows, *counts = query.fetchall()[0]
        except InputError as error:
            raise InputError(f"{place}: {error}") from None
        if not rows:
            raise InputError(f"{place}: holds no row (there is nothing to measure)")
        for name, broken in zip(query.columns[1:], counts, strict=True):
            part, _, rule = name.partition("_")
            column = getattr(self._input, part)
            if broken and column is not None:
                raise InputError(f"{place}: column {column!r}: {broken} {_RULES[part, rule]}")
        if self._input.features:
            _check_features(self._connection, self._input, self._sql)
        _check_probabilities(self._connection, self._input, self._sql)
        return int(rows)

    def write(self, path: Path) -> None:
        """Write the view as a population."""
        population = self._connection.sql(self._statement("given_population"))
        # Values may have a score that predicts them: its column is kept, empty if need be.
        absent = [
            name
            for name in ("weight", "rank", "list", "decision", "value", "subject")
            if getattr(self._input, name) is None
            and not (name == "subject" and self._input.probabilities)
        ]
        kept = {name: name for name in population.columns if name not in absent}
        whole = kept.pop("whole_score")
        if self._are_whole():
            kept["score"] = whole
        population.select(
            *(ColumnExpression(column).alias(name) for name, column in kept.items())
        ).write_parquet(str(path))

    def _are_whole(self) -> bool:
        """True of scores that a double would take for each other."""
        query = self._connection.sql(self._statement("given_whole_scores"))
        are_whole, beyond = query.fetchall()[0]
        if are_whole and beyond:
            raise InputError(
                f"{self._input.path}: column {self._input.score!r}: {beyond} whole numbers are"
                " beyond 64 bits (scale the scores)"
            )
        return bool(are_whole)

    def _expressions(self, tell: Tell) -> list[Expression]:
        """What is read, under the names that populations use; of no attribute, one of all."""
        given = self._input
        groups = {f"attr_{name}": name for name in given.attributes}
        read = [] if groups else [ConstantExpression("everybody").alias("attr_")]
        groups |= {f"stratum_{name}": name for name in given.strata}
        read += [self._group(column, tell).alias(name) for name, column in groups.items()]
        numbers = {f"feature_{name}": name for name in given.features}
        likely = [column for each in given.probabilities.values() for column in each.values()]
        numbers |= {f"probability_{i}": column for i, column in enumerate(likely)}
        numbers |= {part: getattr(given, part) for part in ("score", "value", "rank", "weight")}
        read += [self._number(column, tell).alias(name) for name, column in numbers.items()]
        truths = self._truths(tell)
        read += [truths[part].alias(part) for part in ("outcome", "selected")]
        read += [self._text(getattr(given, part)).alias(part) for part in ("list", "decision")]
        return [*read, self._known(self._text(given.subject)).alias("subject")]

    def _text(self, column: str | None) -> Expression:
        if column is None:
            return ConstantExpression(None).cast("VARCHAR")
        text = text_of(column, self._kinds.get(column), self._stored[column])
        return FunctionExpression("ltrim", text) if self._file.has_blanks else text

    def _known(self, text: Expression, words: Iterable[str] = UNKNOWN_WORDS) -> Expression:
        return CaseExpression(is_one_of(text, words), ConstantExpression(None)).otherwise(text)

    def _group(self, column: str, tell: Tell) -> Expression:
        text = self._text(column)
        if column in self._input.bins:
            number, edges = self._known(self._number(column, tell)), self._input.bins[column]
            text = band(number, edges)
            broken = number.isnotnull() & number.try_cast("DOUBLE").isnull()
            rows = self._rows.filter(broken).aggregate("count(*)").fetchall()[0][0]
            if rows:
                raise InputError(
                    f"column {column!r}: {rows} rows are no numbers (leave out --bins)"
                )
        counts = self._tell_unknown(column, text, self._input.unknown, tell)
        for notice in told_of_groups(column, counts, self._input.unknown):
            tell(notice)
        for name in sorted(_TAKEN.keys() & counts.keys()):
            shown = ConstantExpression(f"{name} (group)")
            text = CaseExpression(text == ConstantExpression(name), shown).otherwise(text)
            tell(f"{column}: the group {name} is called `{name} (group)`; {_TAKEN[name]}")
        return self._known(text, self._input.unknown)

    def _tell_unknown(
        self, column: str, text: Expression, words: Collection[str], tell: Tell
    ) -> Counted:
        self._rows.select(text.alias("cell")).create_view("cells", replace=True)
        counts = dict(self._connection.sql(self._statement("given_groups")).fetchall())
        for notice in told_of_unknown(column, counts, words):
            tell(notice)
        return counts

    def _number(self, column: str | None, tell: Tell) -> Expression:
        text = self._text(column)
        if column is None or _is_typed(self._kinds.get(column)):
            return text
        words = UNKNOWN_WORDS - {"nan"}  # which a model should not say
        known = self._known(text, words)
        written = numbers_of(self._rows, known, self._connection, self._sql)
        return written.reading(column, self._input.decimal, tell)(known)

    def _truths(self, tell: Tell) -> dict[str, Expression]:
        """The outcome and the decision as true and false."""
        given, found = self._input, {}
        positives = [plain(word) for word in given.positives]
        was_there = False
        for part in ("outcome", "selected"):
            column = getattr(given, part)
            text, here = self._text(column), False
            if column is not None:
                self._tell_unknown(column, text, UNKNOWN_WORDS - set(positives), tell)
            if column is not None and positives:
                is_positive = is_one_of(text, positives)
                here = bool(self._rows.filter(is_positive).limit(1).fetchall())
                was_there |= here
            found[part] = truth(text, positives if here else ())
        if positives and not was_there:
            columns = " or ".join(filter(None, (given.outcome, given.selected)))
            raise InputError(f"--positive: no cell of {columns or 'the file'} holds that word")
        return found

    def _statement(self, name: str) -> str:
        return statement(self._sql / "measure" / f"{name}.sql")


def _is_typed(kind: pa.DataType | None) -> bool:
    """True of what is a number in its file."""
    return kind is not None and (
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    )


def _copied(file: CsvFile | JsonFile, folder: Path) -> Path:
    """A file of text as Parquet, whole or not at all."""
    copy = folder / "given.parquet"
    with (
        file.reader() as reader,
        pq.ParquetWriter(copy, reader.schema, compression="lz4") as writer,
    ):
        for batch in reader:
            writer.write_batch(batch)
    return copy


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


_TAKEN = {
    OVERALL: f"{OVERALL} is everybody",
    str(Against.REST): f"{Against.REST} is everybody else",
}
_RULES = {
    ("outcome", "not_binary"): (
        "rows are not binary (write 0, 1, true, false, yes, no or nothing, or say the positive"
        " word with --positive)"
    ),
    ("selected", "not_binary"): (
        "rows are not binary (write 0, 1, true, false, yes or no, or say the positive word with"
        " --positive)"
    ),
    ("selected", "empty"): "rows are empty (every decision selects or does not)",
    ("score", "not_finite"): "rows are not finite numbers (NaN and infinity are refused)",
    ("value", "not_finite"): "rows are not finite numbers (NaN and infinity are refused)",
    ("rank", "not_whole"): "rows are not whole numbers from 1",
    ("weight", "not_positive"): "rows are not positive numbers (from 1e-100 to 1e100)",
    ("subject", "empty"): "rows are empty (say who each decision is about)",
    ("decision", "empty"): "rows are empty (every row needs a decision)",
}


def _named(input_file: InputFile) -> list[str]:
    plain = [getattr(input_file, name) for name in PARTS]
    named = [name for name in plain if name is not None]
    likely = [column for each in input_file.probabilities.values() for column in each.values()]
    return [*input_file.attributes, *input_file.strata, *input_file.features, *likely, *named]
