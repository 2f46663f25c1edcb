"""A large table read by several connections at once, its rows still in the order of the key.

All connections see the same exported snapshot. Each takes the next range of keys; the ranges come
out in their order. How they are cut only makes a difference to the speed: together they hold every
row, those without a key last.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import NamedTuple

import pyarrow as pa

from fairness_audit.sources.handover import Handover
from fairness_audit.sources.postgres.session import Session

RANGE_BYTES = 12 << 20
_FIRST_REACH = 10_000
_STEP = 8  # at most so many times longer or shorter than a range that came
_ROOM = 4  # batches of a range that wait: a range as it should be is read to its end


class Keys(NamedTuple):
    """A half-open range of keys; None where it has no end. The last one has rows without a key."""

    start: int | None
    end: int | None


class Cut:
    """Cuts the keys from ``lowest`` to ``highest`` into ranges of about `RANGE_BYTES` each.

    How far a range has to reach is learnt from those that came: where keys are far apart it
    grows, among wide rows it shrinks.
    """

    def __init__(self, lowest: int, highest: int) -> None:
        self._left_from, self._highest = lowest, highest
        self._reach = _FIRST_REACH
        self._reaches: deque[int] = deque()

    def __iter__(self) -> Iterator[Keys]:
        """The ranges, in order."""
        start = None
        while (end := self._left_from + self._reach) <= self._highest:
            self._reaches.append(self._reach)
            yield Keys(start, end)
            start = self._left_from = end
        self._reaches.append(self._reach)
        yield Keys(start, None)

    def learn(self, held: int) -> None:
        """Of the ranges that nothing was learnt of yet, the first held so many bytes."""
        reach = self._reaches.popleft()
        wanted = reach * RANGE_BYTES // max(held, 1)
        self._reach = max(1, reach // _STEP, min(wanted, reach * _STEP))


Read = Callable[[Session, Keys], Iterator[pa.RecordBatch]]


def in_order(cut: Cut, sessions: Sequence[Session], read: Read) -> Iterator[pa.RecordBatch]:
    """The batches of all ranges, in the order of the ranges.

    Each session reads one range at a time. Of a range that is not yet its turn only a few batches
    wait in memory, however much it holds. Closed early, it waits for the batches being read.
    """
    free: SimpleQueue[Session] = SimpleQueue()
    for session in sessions:
        free.put(session)

    def one(keys: Keys, batches: Handover[pa.RecordBatch]) -> None:
        session = free.get()
        try:
            batches.give(read(session, keys))
        finally:
            free.put(session)

    waiting: deque[Handover[pa.RecordBatch]] = deque()

    def first() -> Iterator[pa.RecordBatch]:
        held = 0
        for batch in waiting[0].taken():
            held += batch.nbytes
            yield batch
        waiting.popleft()
        cut.learn(held)

    # The pool begins what it is given in its order: the range whose turn it is has its session.
    with ThreadPoolExecutor(len(sessions)) as pool:
        try:
            for keys in cut:
                waiting.append(Handover(_ROOM))
                pool.submit(one, keys, waiting[-1])
                if len(waiting) > len(sessions):
                    yield from first()
            while waiting:
                yield from first()
        finally:
            for each in waiting:
                each.stop()
