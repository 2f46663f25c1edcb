"""Reading goes on while what was read is written."""

import queue
import threading
from collections.abc import Iterator
from typing import Generic, TypeVar

Item = TypeVar("Item")

_AHEAD = 4  # items in memory at once; a database's batches have about 8 MiB each


class _End(Generic[Item]):
    """The end of the items, or the error that ended them."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


def read_ahead(items: Iterator[Item]) -> Iterator[Item]:
    """The items in their order, read by a thread a few items ahead.

    An error of theirs comes out where it happened. When this iterator is closed early, the thread
    ends with the item it is at, and closes the items.
    """
    waiting: queue.Queue[Item | _End[Item]] = queue.Queue(maxsize=_AHEAD)
    stopped = threading.Event()

    def put(item: Item | _End[Item]) -> None:
        while not stopped.is_set():
            try:
                return waiting.put(item, timeout=0.1)
            except queue.Full:
                continue

    def read() -> None:
        end: _End[Item] = _End()
        try:
            for item in items:
                put(item)
                if stopped.is_set():
                    break
        except BaseException as error:
            end = _End(error)
        finally:
            _close(items)
        put(end)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    try:
        while True:
            item = waiting.get()
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            yield item
    finally:
        stopped.set()
        thread.join()


def _close(items: Iterator[Item]) -> None:
    close = getattr(items, "close", None)
    if close is not None:
        close()
