"""Access tokens, asked for when they are needed and kept between tasks.

A vendor that is asked for too many tokens refuses for a while, so a token is kept in a file that
only its owner can read, until it runs out or is refused.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
from pydantic import TypeAdapter

from fairness_audit.encoding import digest_of
from fairness_audit.errors import SourceError
from fairness_audit.files import write_bytes
from fairness_audit.sources.web.addresses import trusted
from fairness_audit.sources.web.answers import Shaped, Transient, code_in, json_of, shaped

_SPARE = 60.0  # seconds before its end at which a token counts as used up


@dataclass(frozen=True)
class Token:
    """A token, the address it is for, and when it runs out (seconds since 1970; None: unsaid)."""

    secret: str
    address: str
    expires: float | None = None


Ask = Callable[[], Token]

_TOKEN = TypeAdapter(Token)


class Tokens:
    """The token of one connection; ``identity`` tells connections apart, ``folder`` keeps it."""

    def __init__(self, identity: str, ask: Ask, folder: Path | None = None) -> None:
        self._ask = ask
        self._file = None if folder is None else folder / f"{digest_of(identity)[:32]}.json"
        self._held: Token | None = None

    def get(self, *, renew: bool = False) -> Token:
        """The token; a new one where ``renew``, or where the old one has run out."""
        held = None if renew else self._held or self._kept()
        if held is None or (held.expires is not None and held.expires < time.time() + _SPARE):
            held = self._ask()
            self._keep(held)
        self._held = held
        return held

    def _kept(self) -> Token | None:
        if self._file is None:
            return None
        try:
            return _TOKEN.validate_json(self._file.read_bytes(), strict=True)
        except (FileNotFoundError, ValueError):
            return None

    def _keep(self, token: Token) -> None:
        if self._file is None:
            return
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file.touch(mode=0o600)
        write_bytes(self._file, json.dumps(vars(token)).encode())
        self._file.chmod(0o600)


def requested(place: str, address: str, form: dict[str, str], shape: type[Shaped]) -> Shaped:
    """What a token address answers to a form.

    Raises:
        SourceError: it refuses, whatever the HTTP status of the refusal, cannot be reached, or
            makes no sense.
    """
    try:
        answer = httpx.post(address, data=form, timeout=30.0, verify=trusted())
    except httpx.RequestError as error:
        raise SourceError(
            f"{place}: the login cannot be reached: {type(error).__name__}"
            " (check the host of the connection)"
        ) from None
    # Some refuse with HTTP 200; some leave the description out. Neither repeats a secret.
    code = code_in(answer, [["error"]], in_words=True)
    if answer.is_success and code is None:
        try:
            return shaped(json_of(answer), shape)
        except Transient as fault:
            raise SourceError(f"{place}: login: {fault} (check the host, try again)") from None
    raise SourceError(
        f"{place}: login refused: HTTP {answer.status_code} {code or ''}".rstrip()
        + " (check login, password and extra of the connection)"
    )
