"""JSON with an object per row: an object per line, or an array of objects."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from fairness_audit.errors import TabularError
from fairness_audit.tabular.dialect import Dialect
from fairness_audit.tabular.kind import unpacked, worded
from fairness_audit.tabular.names import named_once

_AT_ONCE = 8192

Row = dict[str, str | None]


class JsonFile:
    """Rows of text; numbers stay as they are written. What an object does not have is missing.

    ``names`` are those of all objects, in the order in which they first occur.
    """

    has_blanks = False
    notices = ()

    def __init__(self, path: Path, said: Dialect) -> None:
        """Read it once.

        Raises:
            TabularError: a row is no object, or has a name twice.
        """
        self.path, self._encoding = path, said.of(path, guess=False).encoding
        names: dict[str, None] = {}
        self._rows = 0
        for row in self._objects():
            names.update(dict.fromkeys(row))
            self._rows += 1
        self.names = tuple(names)
        named_once(path, self.names)

    def count(self) -> int:
        """How many rows there are."""
        return self._rows

    @contextmanager
    def reader(self) -> Iterator[pa.RecordBatchReader]:
        """All columns, as text."""
        schema = pa.schema([(name, pa.string()) for name in self.names])

        def batches() -> Iterator[pa.RecordBatch]:
            rows = self._objects()
            while some := list(islice(rows, _AT_ONCE)):
                yield pa.RecordBatch.from_pylist(some, schema=schema)

        yield pa.RecordBatchReader.from_batches(schema, batches())

    def _objects(self) -> Iterator[Row]:
        number = 0
        try:
            with (
                worded(self.path),
                unpacked(self.path) as file,
                io.TextIOWrapper(file, encoding=self._encoding) as text,
            ):
                for number, each in enumerate(_values(text), start=1):
                    yield self._row(each, number)
        except (ValueError, RecursionError):  # also of an encoding
            raise TabularError(
                f"{self.path}: row {number + 1} is no JSON (write an object per line, or an array"
                " of objects)"
            ) from None

    def _row(self, found: Any, number: int) -> Row:
        if not isinstance(found, _Pairs):
            raise TabularError(
                f"{self.path}: row {number} is no object (write each row as names and values)"
            )
        names = [name.strip() for name, _ in found]
        if len(set(names)) != len(names):
            raise TabularError(f"{self.path}: row {number} has a name twice (name each once)")
        return {name: _text(value) for name, (_, value) in zip(names, found, strict=True)}


class _Pairs(list[tuple[str, Any]]):
    """An object as its names and values, in their order."""


class _Number(str):
    """A number as it is written."""

    __slots__ = ()


_DECODER = json.JSONDecoder(
    object_pairs_hook=_Pairs, parse_float=_Number, parse_int=_Number, parse_constant=_Number
)


def _values(text: io.TextIOWrapper) -> Iterator[Any]:
    first = text.readline()
    while first and not first.strip():
        first = text.readline()
    if first.lstrip().startswith("["):
        yield from _DECODER.decode(first + text.read())
        return
    yield _DECODER.decode(first)
    for line in text:
        if line.strip():
            yield _DECODER.decode(line)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return None if value is None else str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False)
