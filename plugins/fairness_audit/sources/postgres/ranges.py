"""A large table read by several connections at once, its rows still in the order of the key.

All connections see the same exported snapshot. Each takes the next range of keys, and the ranges
come out in their order, so a few of them wait in memory and no more. How the ranges are cut only
makes a difference to the speed: together they hold every row, those without a key last.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import NamedTuple

import pyarrow as pa

from fairness_audit.sources.postgres.session import Session

ROWS_PER_RANGE = 100_000
_FEWEST, _MOST = 8, 2_000


class Keys(NamedTuple):
    """A half-open range of keys; None where it has no end. The last one has rows without a key."""

    start: int | None
    end: int | None


def cut(lowest: int, highest: int, rows: int) -> list[Keys]:
    """Even ranges from the lowest key to the highest, about `ROWS_PER_RANGE` rows each."""
    wanted = min(max(rows // ROWS_PER_RANGE, _FEWEST), _MOST, highest - lowest + 1)
    width = -(-(highest - lowest + 1) // wanted)
    starts = list(range(lowest + width, highest + 1, width))
    ends: list[int | None] = [*starts, None]
    return [Keys(start, end) for start, end in zip([None, *starts], ends, strict=True)]


Read = Callable[[Session, Keys], list[pa.RecordBatch]]


def in_order(
    ranges: Sequence[Keys], sessions: Sequence[Session], read: Read
) -> Iterator[pa.RecordBatch]:
    """The batches of all ranges, in the order of the ranges.

    Each session reads one range at a time, and no more ranges are in memory than there are
    sessions and one. Closed early, it waits for the ranges that are being read.
    """
    free: SimpleQueue[Session] = SimpleQueue()
    for session in sessions:
        free.put(session)

    def one(keys: Keys) -> list[pa.RecordBatch]:
        session = free.get()
        try:
            return read(session, keys)
        finally:
            free.put(session)

    waiting: deque[Future[list[pa.RecordBatch]]] = deque()
    with ThreadPoolExecutor(len(sessions)) as pool:
        try:
            for keys in ranges:
                waiting.append(pool.submit(one, keys))
                if len(waiting) > len(sessions):
                    yield from waiting.popleft().result()
            while waiting:
                yield from waiting.popleft().result()
        finally:
            for each in waiting:
                each.cancel()
