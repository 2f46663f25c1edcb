"""Decimals that have the digits their column declares, and no others.

Arrow reads text of more digits than a decimal can hold as another number, and its CSV reader lets
decimals through that are longer than declared; what writes them to Parquet then cuts them.
"""

import pyarrow as pa
import pyarrow.compute as pc

# Parsed as decimal256 first: no text this short goes beyond its 76 digits unnoticed.
_LONGEST_TEXT = 60
_WIDEST = 76


def decimals(text: pa.Array, kind: pa.DataType) -> pa.Array:
    """Numbers written as text, as decimals of ``kind``.

    Raises:
        pa.ArrowInvalid: one is no number, or has more digits than ``kind`` before or behind the
            point.
    """
    if pc.any(pc.greater(pc.utf8_length(text), _LONGEST_TEXT)).as_py():
        raise pa.ArrowInvalid("a number of more digits than any decimal has")
    return text.cast(pa.decimal256(_WIDEST, kind.scale)).cast(kind)


def overlong(batch: pa.RecordBatch) -> str | None:
    """The first column with a decimal of more digits than its type declares; None if none is."""
    for field, column in zip(batch.schema, batch.columns, strict=True):
        if pa.types.is_decimal(field.type):
            try:
                column.validate(full=True)
            except pa.ArrowInvalid:
                return str(field.name)
    return None
