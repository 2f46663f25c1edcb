"""A key that does not name each row is found, however the rows lie."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairness_audit.steps.extract.unique_key import keys_of

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
FROM_NUMBERS: dict[str, Callable[[int], Any]] = {
    "whole numbers": lambda i: i,
    "text": lambda i: f"{i}",
    "bytes": lambda i: f"{i:03}".encode(),
    "decimals": lambda i: Decimal(i) / 8,
    "moments": lambda i: MOMENT + timedelta(microseconds=i),
    "numbers": lambda i: i / 3,
}


@pytest.fixture(scope="module")
def rows_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where each example writes its rows anew."""
    return tmp_path_factory.mktemp("keys") / "rows.parquet"


@pytest.mark.parametrize("kind", FROM_NUMBERS)
@given(st.lists(st.none() | st.integers(0, 12), max_size=12), st.booleans(), st.integers(1, 4))
def test_keys_are_counted(
    rows_file: Path,
    kind: str,
    numbers: list[int | None],
    is_sorted: bool,
    row_group: int,
) -> None:
    if is_sorted:
        numbers.sort(key=lambda number: (number is None, number))
    make = FROM_NUMBERS[kind]
    values: list[Any] = [None if number is None else make(number) for number in numbers]
    pq.write_table(pa.table({"key": values}), rows_file, row_group_size=row_group)

    keys = keys_of(rows_file, "key")

    known = [value for value in values if value is not None]
    assert keys == (len(values), len(known), len(set(known)))
    assert keys.are_unique == (len(values) == len(set(known)) and None not in values)


def test_a_repeated_key_across_batches_is_found(tmp_path: Path) -> None:
    rows = 65_536
    path = tmp_path / "rows.parquet"
    keys = [*range(rows), rows - 1, *range(rows, 2 * rows)]
    pq.write_table(pa.table({"key": keys}), path)

    assert keys_of(path, "key") == (2 * rows + 1, 2 * rows + 1, 2 * rows)
