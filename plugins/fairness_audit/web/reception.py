"""Who is answered: those who may ask about a model, and not too many at once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from threading import BoundedSemaphore
from typing import Any, Protocol

from fairness_audit.records.signed.audit import GateDecision
from fairness_audit.web.gatekeeper import Promoted

MayAsk = Callable[[Any, str], bool]
"""Whether somebody may ask about a model."""

AT_ONCE = 4
"""Questions answered at the same time. Each may read a whole model, in a thread of the server it
is mounted in; more wait a moment, and are then told to ask again."""

_WAITS_SECONDS = 1.0


class NotAnswered(Exception):
    """A question that gets no decision of the gate, with the HTTP status that says so."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class Asks(Protocol):
    """Who knows what the gate says; None where there is no policy of the model."""

    def about(self, model: str, version: str) -> GateDecision | None:
        """May this version be promoted?"""
        ...

    def promoted(self, model: str) -> Promoted | GateDecision | None:
        """What is promoted, and may it stay?"""
        ...


class Reception:
    """Hands questions to the gatekeeper. Its methods raise `NotAnswered`."""

    def __init__(self, gatekeeper: Asks, may_ask: MayAsk, at_once: int = AT_ONCE) -> None:
        self._gatekeeper = gatekeeper
        self._may_ask = may_ask
        self._places = BoundedSemaphore(at_once)

    def about(self, user: Any, model: str, version: str) -> GateDecision:
        """May this version be promoted?"""
        with self._place(user, model):
            decision = self._gatekeeper.about(model, version)
        if decision is None:
            raise _unknown(model)
        return decision

    def promoted(self, user: Any, model: str) -> Promoted | GateDecision:
        """What is promoted, and may it stay?"""
        with self._place(user, model):
            promoted = self._gatekeeper.promoted(model)
        if promoted is None:
            raise _unknown(model)
        return promoted

    @contextmanager
    def _place(self, user: Any, model: str) -> Iterator[None]:
        if not self._may_ask(user, model):
            reason = f"you may not ask about {model}: that takes the right to read its DAG"
            raise NotAnswered(HTTPStatus.FORBIDDEN, reason)
        if not self._places.acquire(timeout=_WAITS_SECONDS):
            reason = "too many questions at once; ask again"
            raise NotAnswered(HTTPStatus.SERVICE_UNAVAILABLE, reason)
        try:
            yield
        finally:
            self._places.release()


def _unknown(model: str) -> NotAnswered:
    return NotAnswered(HTTPStatus.NOT_FOUND, f"there is no policy of {model}")
