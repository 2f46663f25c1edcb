"""A page of CSV as a vendor sends it, strictly: all of its rows, each with all of its cells."""

import io
from collections.abc import Callable, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from fairness_audit.sources.web.transport import Transient

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
    wanted = {headers[name]: kind for name, kind in fields.items()}
    if content.startswith(b"\xef\xbb\xbf"):
        content = content[3:]
    if not content.strip():
        raise Transient("a page without its header")
    try:
        table = pa_csv.read_csv(
            io.BytesIO(content),
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
        batches = table.cast(schema).combine_chunks().to_batches()
    except pa.ArrowInvalid:
        raise Transient("a value that does not fit the type its field declares") from None
    if batches:
        return batches[0]
    return pa.RecordBatch.from_arrays([pa.array([], each.type) for each in schema], schema=schema)


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
