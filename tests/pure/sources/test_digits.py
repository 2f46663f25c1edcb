"""Decimals have the digits that their column declares: what Arrow lets through is found."""

from decimal import Context, Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairness_audit.sources.digits import decimals, overlong

EXACT = Context(prec=200)
DIGITS = st.text("0123456789", min_size=1, max_size=59)


def meant(text: str, kind: pa.DataType) -> Decimal | None:
    """The number, if it has no digit beyond those of the type."""
    number = Decimal(text)
    scaled = number.quantize(Decimal(1).scaleb(-kind.scale), context=EXACT)
    fits = scaled == number and abs(scaled) < Decimal(10) ** (kind.precision - kind.scale)
    return scaled if fits else None


@given(
    whole=DIGITS,
    part=st.none() | DIGITS,
    sign=st.sampled_from(["", "-", "+"]),
    exponent=st.none() | st.integers(-80, 80),
    precision=st.integers(1, 38),
    scale=st.integers(0, 38),
)
def test_a_text_is_the_number_it_says_or_an_error(
    whole: str, part: str | None, sign: str, exponent: int | None, precision: int, scale: int
) -> None:
    kind = pa.decimal128(precision, min(scale, precision))
    text = f"{sign}{whole}" + (f".{part}" if part else "")
    text += "" if exponent is None else f"E{exponent}"
    try:
        (read,) = decimals(pa.array([text]), kind).to_pylist()
    except pa.ArrowInvalid:
        # Zero with an exponent is refused, whatever the type.
        assert meant(text, kind) is None or not Decimal(text) or len(text) > 60
    else:
        assert read == meant(text, kind)


def test_no_number_is_no_decimal_and_null_is_null() -> None:
    kind = pa.decimal128(8, 2)
    assert decimals(pa.array([None, "1.5"]), kind).to_pylist() == [None, Decimal("1.50")]
    assert len(decimals(pa.array([], pa.string()), kind)) == 0
    with pytest.raises(pa.ArrowInvalid):
        decimals(pa.array(["1,5"]), kind)


def test_a_decimal_that_is_longer_than_declared_is_found() -> None:
    fit = pa.array([Decimal("999999.99"), None], pa.decimal128(8, 2))
    # As Arrow's CSV reader gives it: the digits of 50000000.00, declared as eight.
    long = pa.Array.from_buffers(
        pa.decimal128(8, 2), 1, [None, pa.py_buffer((5_000_000_000).to_bytes(16, "little"))]
    )
    assert overlong(pa.record_batch({"a": fit})) is None
    assert overlong(pa.record_batch({"a": fit[:1], "b": long})) == "b"
