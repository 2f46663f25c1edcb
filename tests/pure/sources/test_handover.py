"""Reading ahead changes neither the items nor their order, nor what goes wrong."""

import threading
from collections.abc import Iterator

import pytest

from fairness_audit.sources.handover import read_ahead


def test_the_items_come_in_their_order() -> None:
    assert list(read_ahead(iter(range(1000)))) == list(range(1000))
    assert list(read_ahead(iter([]))) == []


def test_no_more_than_a_few_are_read_ahead() -> None:
    read = []

    def items() -> Iterator[int]:
        for i in range(100):
            read.append(i)
            yield i

    ahead = read_ahead(items())
    assert next(ahead) == 0
    threading.Event().wait(0.3)
    assert len(read) <= 7
    assert list(ahead) == list(range(1, 100))


def test_an_error_comes_out_where_it_happened() -> None:
    def items() -> Iterator[int]:
        yield 1
        yield 2
        raise LookupError("the third")

    ahead = read_ahead(items())
    assert (next(ahead), next(ahead)) == (1, 2)
    with pytest.raises(LookupError, match="the third"):
        next(ahead)


def test_closed_early_it_closes_the_items_and_ends_its_thread() -> None:
    closed = []

    def items() -> Iterator[int]:
        try:
            yield from range(10_000)
        finally:
            closed.append(True)

    before = threading.active_count()
    ahead = read_ahead(items())
    assert next(ahead) == 0
    ahead.close()  # type: ignore[attr-defined]
    assert closed == [True]
    assert threading.active_count() == before
