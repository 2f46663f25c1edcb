"""Addresses that requests go to, whoever gave them: a person, or the answer to a login."""

import re
import ssl
from functools import cache
from typing import Annotated
from urllib.parse import urlsplit

import httpx
from pydantic import AfterValidator

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*")
_PATH = re.compile(r"(/[A-Za-z0-9._~-]+)*")


def web_address(given: str, port: int | None = None) -> str:
    """An address that paths are put behind: ``https://`` unless it says ``http://``.

    Raises:
        ValueError: it is none. The message does not repeat it, for it may hold a secret.
    """
    text = given.strip()
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
    except ValueError:
        raise ValueError("it names no host") from None
    if parts.scheme not in ("http", "https"):
        raise ValueError("it begins with neither https:// nor http://")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("it holds more than a host, a port and a path")
    path = parts.path.rstrip("/")
    if not _HOST.fullmatch(parts.hostname or "") or not _PATH.fullmatch(path):
        raise ValueError("it names no host")
    try:
        at = parts.port
    except ValueError:
        raise ValueError("its port is no number from 1 to 65535") from None
    if at == 0 or (at is None and parts.netloc.endswith(":")):
        raise ValueError("its port is no number from 1 to 65535")
    if at is None and port is not None:
        return f"{parts.scheme}://{parts.netloc}:{port}{path}"
    return f"{parts.scheme}://{parts.netloc}{path}"


WebAddress = Annotated[str, AfterValidator(web_address)]
"""An address in an answer."""


@cache
def trusted() -> ssl.SSLContext:
    """Whose certificates are trusted; read once, which takes longer than most requests."""
    return httpx.create_ssl_context()
