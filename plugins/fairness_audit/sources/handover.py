"""Reading goes on while what was read is written."""

import queue
import threading
from collections.abc import Generator, Iterator
from typing import Generic, TypeVar

Item = TypeVar("Item")

_AHEAD = 2


class _End(Generic[Item]):
    """The end of the items, or the error that ended them."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


class Handover(Generic[Item]):
    """Items that one thread gives and another takes, at most ``room`` of them in between."""

    def __init__(self, room: int) -> None:
        self._waiting: queue.Queue[Item | _End[Item]] = queue.Queue(maxsize=room)
        self._stopped = threading.Event()

    def give(self, items: Iterator[Item]) -> None:
        """Give all items, and the error that ends them, until nobody takes them; close them."""
        end: _End[Item] = _End()
        try:
            while not self._stopped.is_set():
                self._put(next(items))
        except StopIteration:
            pass
        except BaseException as error:
            end = _End(error)
        finally:
            _close(items)
        self._put(end)

    def taken(self) -> Iterator[Item]:
        """Every item in its order; an error of theirs comes out where it happened."""
        while not isinstance(item := self._waiting.get(), _End):
            yield item
        if item.error is not None:
            raise item.error

    def stop(self) -> None:
        """Nothing more is taken: who gives ends with the item it is at."""
        self._stopped.set()

    def _put(self, item: Item | _End[Item]) -> None:
        while not self._stopped.is_set():
            try:
                return self._waiting.put(item, timeout=0.1)
            except queue.Full:
                continue


def read_ahead(items: Iterator[Item]) -> Generator[Item, None, None]:
    """The items in their order, read by a thread a few items ahead.

    When this iterator is closed early, the thread ends with the item it is at.
    """
    handover: Handover[Item] = Handover(_AHEAD)
    thread = threading.Thread(target=handover.give, args=(items,), daemon=True)
    thread.start()
    try:
        yield from handover.taken()
    finally:
        handover.stop()
        thread.join()


def _close(items: Iterator[Item]) -> None:
    close = getattr(items, "close", None)
    if close is not None:
        close()
