"""Cells of CSV and values of JSON into Arrow: exactly what the field's type says, or anew."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairness_audit.sources.web.answers import Transient
from fairness_audit.sources.web.csv_pages import joined, page_of
from fairness_audit.sources.web.rest_pages import rows_of
from fairness_audit.sources.web.transport import clock_of, retry_after

AT = pa.timestamp("us", tz="UTC")
MOMENT = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "cell",
    [
        "2026-03-29T00:30:00.000Z",
        "2026-03-29T00:30:00.000+0000",
        "2026-03-29T06:00:00+05:30",
        "2026-03-28T17:30:00-07:00",
    ],
)
def test_a_moment_is_the_same_whatever_its_zone(cell: str) -> None:
    assert page_of(f'"a"\n"{cell}"\n'.encode(), {"a": AT})["a"].to_pylist() == [MOMENT]
    assert rows_of([{"a": cell}], {"a": AT})["a"].to_pylist() == [MOMENT]


@pytest.mark.parametrize(
    ("kind", "cell", "value"),
    [
        (pa.string(), "01234", "01234"),
        (pa.string(), "NA", "NA"),
        (pa.string(), "None", "None"),
        (pa.string(), "", None),
        (pa.int64(), "9223372036854775807", 2**63 - 1),
        (pa.int64(), "", None),
        (pa.decimal128(18, 2), "12345678901234.56", Decimal("12345678901234.56")),
        (pa.decimal128(18, 2), "1500.0", Decimal("1500.00")),
        (pa.decimal128(8, 0), "50000000", Decimal(50000000)),
        (pa.decimal128(8, 0), "50000000.0", Decimal(50000000)),
        (pa.decimal128(38, 2), "-" + "9" * 36 + ".99", Decimal("-" + "9" * 36 + ".99")),
        (pa.decimal128(9, 2), "1.5E6", Decimal("1500000.00")),
        (pa.bool_(), "true", True),
        (pa.bool_(), "false", False),
        (pa.bool_(), "", None),
        (pa.date32(), "1900-02-28", date(1900, 2, 28)),
        (pa.float64(), "1e-7", 1e-7),
    ],
)
def test_cells_and_values_are_read_alike(kind: pa.DataType, cell: str, value: Any) -> None:
    assert page_of(f'"a"\n"{cell}"\n'.encode(), {"a": kind})["a"].to_pylist() == [value]
    assert rows_of([{"a": cell}], {"a": kind})["a"].to_pylist() == [value]


@pytest.mark.parametrize(
    ("kind", "cell"),
    [
        (pa.int64(), "12.5"), (pa.int64(), "twelve"), (pa.bool_(), "maybe"), (pa.date32(), "soon"),
        (AT, "2026-13-01T00:00:00Z"), (pa.date32(), "2026-01-01T08:30:00Z"),
        (pa.float64(), "1e999"), (pa.float64(), "nan"), (pa.int64(), "9223372036854775808"),
        # More digits than declared, before or behind the point: Parquet would keep others.
        (pa.decimal128(8, 2), "50000000"), (pa.decimal128(9, 2), "123456789"),
        (pa.decimal128(8, 2), "1.005"), (pa.decimal128(8, 0), "0.5"),
        (pa.decimal128(38, 2), "9" * 38), (pa.decimal128(38, 2), "9" * 39),
        (pa.decimal128(38, 2), "9" * 90), (pa.decimal128(8, 2), "1e40"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_no_null(kind: pa.DataType, cell: str) -> None:
    with pytest.raises(Transient) as cut:
        page_of(f'"a"\n"{cell}"\n'.encode(), {"a": kind})
    with pytest.raises(Transient) as missing:
        rows_of([{"a": cell}], {"a": kind})
    assert cell not in str(cut.value) + str(missing.value)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (pa.int64(), 12.5), (pa.int64(), True), (pa.int64(), Decimal("1e999999")),
        (pa.float64(), True), (pa.float64(), []), (pa.bool_(), 1), (AT, 1_767_225_600),
        (pa.decimal128(8, 2), True), (pa.decimal128(8, 2), Decimal("1e999999")),
        (pa.decimal128(8, 2), "1_000"), (pa.decimal128(8, 2), Decimal("1.005")),
        (pa.string(), {"name": "no id"}), (pa.string(), [None]), (pa.date32(), 20260101),
    ],
)  # fmt: skip
def test_a_value_of_another_type_is_no_number_cut_short(kind: pa.DataType, value: Any) -> None:
    with pytest.raises(Transient):
        rows_of([{"a": value}], {"a": kind})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"), (False, "false"), (Decimal("1.50"), "1.50"), ({"id": "7", "name": "x"}, "7"),
        (["a", {"id": "b"}], "a;b"), ("", None), ([], None),
    ],
)  # fmt: skip
def test_what_json_has_in_the_place_of_text_is_text(value: Any, text: str | None) -> None:
    assert rows_of([{"a": value}], {"a": pa.string()})["a"].to_pylist() == [text]


def test_a_row_may_be_longer_than_a_block_of_the_reader() -> None:
    long = "x" * 3_000_000 + "\n" + "y" * 3_000_000
    page = page_of(f'"a","b"\n"{long}","1"\n"z","2"\n'.encode(), TWO)
    assert page.to_pylist() == [{"a": long, "b": 1}, {"a": "z", "b": 2}]


def test_columns_are_found_by_their_names() -> None:
    page = page_of(b'\xef\xbb\xbf"b","a"\n"1","x, ""y""\n\xf0\x9f\xa6\x8a"\n', TWO)
    assert page.to_pylist() == [{"a": 'x, "y"\n🦊', "b": 1}]


TWO = {"a": pa.string(), "b": pa.int64()}


@pytest.mark.parametrize(
    "content", [b"", b"\n", b'"a"\n"x"\n', b'"a","b"\n"x"\n', b'"a","b"\n"x","1"']
)
def test_a_page_without_all_of_it_is_asked_for_again(content: bytes) -> None:
    with pytest.raises(Transient):
        page_of(content, TWO)


def test_a_record_without_the_field_is_asked_for_again() -> None:
    with pytest.raises(Transient):
        rows_of([{"a": "x", "b": 1}, {"a": "y"}], TWO)


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(st.lists(texts, min_size=1))
def test_any_text_survives_a_cell(cells: list[str]) -> None:
    lines = "".join('"' + cell.replace('"', '""') + '"\n' for cell in cells)
    page = page_of(f'"a"\n{lines}'.encode(), {"a": pa.string()})
    assert page["a"].to_pylist() == cells


def test_two_halves_are_joined_by_key_or_not_at_all() -> None:
    one = pa.RecordBatch.from_pydict({"id": ["2", "1"], "a": [20, 10]})
    other = pa.RecordBatch.from_pydict({"id": ["1", "2"], "b": ["x", "y"]})
    both = joined(one, other, "id")
    assert both is not None
    assert both.to_pylist() == [{"id": "1", "a": 10, "b": "x"}, {"id": "2", "a": 20, "b": "y"}]
    assert joined(one, other.slice(1), "id") is None


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("5", 5.0), ("0.5", 0.5), ("", None), ("soon", None), ("-3", None),
     ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0)],
)  # fmt: skip
def test_retry_after_is_seconds_or_a_date(said: str, seconds: float | None) -> None:
    assert retry_after(httpx.Headers({"Retry-After": said})) == seconds


@pytest.mark.parametrize("zone", ["GMT", "-0000", "+0000"])
def test_the_clock_is_that_of_the_server(zone: str) -> None:
    now = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3)
    assert clock_of(httpx.Headers({"Date": f"{now:%a, %d %b %Y %H:%M:%S} {zone}"})) == now


@pytest.mark.parametrize("said", ["", "soon", None])
def test_without_a_clock_of_the_server_it_is_ours(said: str | None) -> None:
    headers = httpx.Headers({} if said is None else {"Date": said})
    assert abs(clock_of(headers) - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize(
    "said", ["Thu, 01 Jan 1998 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 -1200"]
)
def test_a_clock_of_another_day_is_none(said: str) -> None:
    """Else all that was created since would be left out, and the counts would agree."""
    with pytest.raises(Transient, match="more than a day from now"):
        clock_of(httpx.Headers({"Date": said}))
