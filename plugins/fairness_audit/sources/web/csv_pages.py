"""A page of CSV as a vendor sends it, strictly: all of its rows, each with all of its cells."""

import io
from collections.abc import Callable, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from fairness_audit.sources.digits import decimals
from fairness_audit.sources.web.answers import Transient

_LONGEST_ROW = 64 << 20  # bytes; a row of a block of its own is read alone

Change = Callable[[pa.Array], pa.Array]


def page_of(
    content: bytes,
    fields: Mapping[str, pa.DataType],
    names: Mapping[str, str] | None = None,
    *,
    ends_with_newline: bool = True,
) -> pa.RecordBatch:
    """The rows of a page, as the columns and types asked for; an empty cell is NULL.

    ``names`` maps a column to its header where they differ.

    Raises:
        Transient: the page is cut, or not what was asked for: it is worth asking again.
    """
    headers = {name: (names or {}).get(name, name) for name in fields}
    # Arrow's reader does not hold decimals against their digits: they are read as text.
    wanted = {
        headers[name]: pa.string() if pa.types.is_decimal(kind) else kind
        for name, kind in fields.items()
    }
    if content.startswith(b"\xef\xbb\xbf"):
        content = content[3:]
    if not content.strip():
        raise Transient("a page without its header")
    try:
        table = pa_csv.read_csv(
            io.BytesIO(content),
            read_options=pa_csv.ReadOptions(block_size=_LONGEST_ROW),
            parse_options=pa_csv.ParseOptions(newlines_in_values=True),
            convert_options=pa_csv.ConvertOptions(
                column_types=wanted,
                include_columns=list(wanted),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
                true_values=["true", "True", "TRUE", "1"],
                false_values=["false", "False", "FALSE", "0"],
            ),
        )
    except (pa.ArrowException, UnicodeDecodeError, KeyError):
        # Without its cause, which quotes the row.
        raise Transient("a page that cannot be read: cut, or not the columns asked for") from None
    if ends_with_newline and not content.endswith(b"\n"):
        # Cut within its last cell, a page still parses.
        raise Transient("a page that does not end with its last row")
    table = table.select([headers[name] for name in fields]).rename_columns(list(fields))
    return as_batch(table, fields)


def as_batch(table: pa.Table, fields: Mapping[str, pa.DataType]) -> pa.RecordBatch:
    """The table as one batch of exactly these types."""
    schema = pa.schema(list(fields.items()))
    try:
        columns = [
            _typed(column.combine_chunks(), kind)
            for column, kind in zip(table.columns, fields.values(), strict=True)
        ]
    except pa.ArrowInvalid:
        raise Transient("a value that does not fit the type its field declares") from None
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _typed(column: pa.Array, kind: pa.DataType) -> pa.Array:
    if pa.types.is_decimal(kind):
        return decimals(column, kind)
    if pa.types.is_floating(kind) and pc.all(pc.is_finite(column)).as_py() is False:
        raise pa.ArrowInvalid("no number, or one larger than any double")
    return column.cast(kind)


def changed(batch: pa.RecordBatch, names: Sequence[str], change: Change) -> pa.RecordBatch:
    """The batch with some of its columns changed."""
    columns = [
        change(batch.column(i)) if name in names else batch.column(i)
        for i, name in enumerate(batch.schema.names)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=batch.schema)


def joined(one: pa.RecordBatch, other: pa.RecordBatch, key: str) -> pa.RecordBatch | None:
    """Two batches of the same records side by side; None if they are of different ones."""
    order, others = (pc.sort_indices(each[key]) for each in (one, other))
    one, other = one.take(order), other.take(others)
    if not one[key].equals(other[key]):
        return None
    added = [name for name in other.schema.names if name not in one.schema.names]
    columns = [*one.columns, *(other[name] for name in added)]
    fields = [*one.schema, *(other.schema.field(name) for name in added)]
    return pa.RecordBatch.from_arrays(columns, schema=pa.schema(fields))
