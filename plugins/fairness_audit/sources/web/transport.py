"""Requests to a vendor's API: asked again where that helps, worded plainly where it does not.

No message repeats what a server said beyond its own error code: answers can quote rows.
"""

import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from fairness_audit.errors import SourceError
from fairness_audit.sources import RateLimited
from fairness_audit.sources.web.addresses import trusted
from fairness_audit.sources.web.answers import (
    Places,
    Shaped,
    Transient,
    code_in,
    json_of,
    shaped,
)

log = logging.getLogger(__name__)
# It tells every address that is asked for; how far a reading has come, others tell better.
logging.getLogger("httpx").setLevel(logging.WARNING)

Answer = TypeVar("Answer")

_TRIES = 6
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 30.0
_POLLS = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
_TIMEOUT = httpx.Timeout(60.0, connect=10.0)
_BUSY = frozenset({408, 420, 425, 429, 500, 502, 503, 504})
_CLOCKS_APART = timedelta(days=1)


@dataclass(frozen=True)
class Patience:
    """How long a task sits and waits, in seconds.

    A vendor that asks for more than ``longest_wait`` frees the task's slot; a job of a vendor's
    that takes more than ``longest_job`` is given up.
    """

    tries: int = _TRIES
    first_wait: float = _FIRST_WAIT
    longest_wait: float = 60.0
    longest_job: float = 3600.0
    sleep: Callable[[float], None] = time.sleep

    def for_job(self, is_done: Callable[[], bool]) -> bool:
        """Ask again and again until a job is done; False if it takes too long."""
        deadline, asked = time.monotonic() + self.longest_job, 0
        while not is_done():
            if time.monotonic() > deadline:
                return False
            self.sleep(_POLLS[min(asked, len(_POLLS) - 1)])
            asked += 1
        return True


@dataclass
class Refusal:
    """A status that is no success, with the vendor's own code for it."""

    status: int
    code: str | None

    def __str__(self) -> str:
        return f"HTTP {self.status}" + (f" {self.code}" if self.code else "")


class Refused(SourceError):
    """The server said no, and asking again will not help."""

    def __init__(self, message: str, refusal: Refusal) -> None:
        super().__init__(message)
        self.refusal = refusal


Login = Callable[[bool], str]
"""Gives the Authorization header; True asks for a new token."""


@dataclass
class Transport:
    """One vendor's API.

    ``place`` names it in messages. ``codes`` are the places of the vendor's error code in an
    answer; ``limits`` are codes that mean a limit, whatever the status; ``expired`` those that
    mean that the token is. ``cures`` say what to do about a code.
    """

    place: str
    base: str
    login: Login
    codes: Places
    limits: frozenset[str] = frozenset()
    expired: frozenset[str] = frozenset()
    cures: Mapping[str, str] = field(default_factory=dict)
    patience: Patience = field(default_factory=Patience)
    headers: Mapping[str, str] = field(default_factory=dict)
    observe: Callable[[httpx.Headers], None] = lambda headers: None
    _client: httpx.Client | None = None

    @contextmanager
    def opened(self) -> Iterator["Transport"]:
        """Keep connections open until the context ends."""
        with httpx.Client(timeout=_TIMEOUT, follow_redirects=False, verify=trusted()) as client:
            self._client = client
            try:
                yield self
            finally:
                self._client = None

    def json(self, method: str, path: str, shape: type[Shaped], **request: Any) -> Shaped:
        """Ask for JSON of this shape.

        Raises:
            Refused, RateLimited, SourceError: as :meth:`ask`.
        """
        return self.ask(method, path, lambda answer: shaped(json_of(answer), shape), **request)

    def json_if_any(
        self, method: str, path: str, shape: type[Shaped], **request: Any
    ) -> Shaped | None:
        """Ask for JSON of this shape, or an empty answer, which is None.

        Raises:
            Refused, RateLimited, SourceError: as :meth:`ask`.
        """

        def read(answer: httpx.Response) -> Shaped | None:
            content = json_of(answer)
            return None if content is None else shaped(content, shape)

        return self.ask(method, path, read, **request)

    def ask(
        self, method: str, path: str, read: Callable[[httpx.Response], Answer], **request: Any
    ) -> Answer:
        """Ask, and let ``read`` make sense of a success; what it calls `Transient` is asked again.

        Raises:
            RateLimited: the server wants to be left alone for longer than a task should wait.
            Refused: it said no.
            SourceError: it could not be reached, or made no sense, however often it was asked.
        """
        what = f"{self.place}: {method} {path.partition('?')[0]}"

        def once() -> Answer:
            return read(self._answered(method, path, what, request))

        retrying = Retrying(
            retry=retry_if_exception_type(Transient),
            stop=stop_after_attempt(self.patience.tries),
            wait=self._wait,
            sleep=self.patience.sleep,
            before_sleep=lambda state: _log_retry(what, state),
            reraise=True,
        )
        try:
            return retrying(once)
        except Transient as fault:
            raise SourceError(
                f"{what}: {fault}, {self.patience.tries} times (try again later)"
            ) from None

    def _answered(
        self, method: str, path: str, what: str, request: dict[str, Any]
    ) -> httpx.Response:
        answer = self._send(method, path, request, renew=False)
        code = self._code(answer)
        if answer.status_code == 401 or code in self.expired:
            # A token may run out at any page: the same page is asked for with a new one.
            answer = self._send(method, path, request, renew=True)
            code = self._code(answer)
        self.observe(answer.headers)
        if answer.is_success or answer.status_code == 304:
            return answer
        refusal = Refusal(answer.status_code, code)
        if answer.status_code in _BUSY or code in self.limits:
            self._busy(what, refusal, retry_after(answer.headers))
        cure = self.cures.get(code or "") or _CURES.get(answer.status_code) or "ask its operators"
        raise Refused(f"{what}: {refusal} ({cure})", refusal)

    def _busy(self, what: str, refusal: Refusal, wait: float | None) -> None:
        if wait is None and refusal.code in self.limits and refusal.status == 403:
            wait = 3600.0  # a daily allowance is spent: it comes back little by little
        if wait is not None and wait > self.patience.longest_wait:
            raise RateLimited(f"{what}: {refusal}: asks for {wait:.0f} s of rest", wait)
        raise Transient(str(refusal), wait)

    def _send(
        self, method: str, path: str, request: dict[str, Any], *, renew: bool
    ) -> httpx.Response:
        if self._client is None:
            raise RuntimeError("a transport is used within opened()")
        headers = {
            "Authorization": self.login(renew),
            **self.headers,
            **request.get("headers", {}),
        }
        rest = {name: value for name, value in request.items() if name != "headers"}
        try:
            return self._client.request(method, self.base + path, headers=headers, **rest)
        except httpx.RequestError as error:
            # Its text can hold the address with what is bound into it; its kind says enough.
            raise Transient(_words(type(error).__name__)) from None

    def _code(self, answer: httpx.Response) -> str | None:
        return None if answer.is_success else code_in(answer, self.codes)

    def _wait(self, state: RetryCallState) -> float:
        fault = state.outcome.exception() if state.outcome else None
        if isinstance(fault, Transient) and fault.retry_after is not None:
            return fault.retry_after
        return float(
            min(self.patience.first_wait * 2 ** (state.attempt_number - 1), _LONGEST_WAIT)
        )


_CURES = {
    400: "the request does not suit this API version; check table and columns",
    401: "check login and password of the connection",
    403: "grant the integration user access",
    404: "check the name, and that the integration user may see it",
}


def retry_after(headers: httpx.Headers) -> float | None:
    """The seconds that a server asks to be left alone; None if it does not say."""
    said = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d{1,7}(\.\d+)?", said):
        return float(said)
    try:
        until = parsedate_to_datetime(said)
    except ValueError:
        return None
    aware = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max((aware - datetime.now(UTC)).total_seconds(), 0.0)


def clock_of(headers: httpx.Headers) -> datetime:
    """The server's time, by its Date header; without one, ours.

    Raises:
        Transient: it lies more than a day from ours: what was created since then would be left
            out.
    """
    ours = datetime.now(UTC)
    said = headers.get("Date")
    if said is None:
        return ours
    try:
        theirs = parsedate_to_datetime(said)
    except ValueError:
        return ours
    theirs = theirs.replace(tzinfo=theirs.tzinfo or UTC)
    if abs(theirs - ours) > _CLOCKS_APART:
        raise Transient("an answer of more than a day from now, by its clock and this machine's")
    return theirs.astimezone(UTC)


def _log_retry(what: str, state: RetryCallState) -> None:
    fault = state.outcome.exception() if state.outcome else None
    seconds = state.next_action.sleep if state.next_action else 0.0
    log.info("%s: %s; asking again in %.1f s", what, fault, seconds)


def _words(name: str) -> str:
    """`ReadTimeout` as `read timeout`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()
