"""One spelling per value, so that equal content has an equal digest (RFC 8785)."""

import hashlib
from typing import Any

import rfc8785


def canonical_bytes(value: Any) -> bytes:
    """JSON of ``value`` in the canonical form of RFC 8785; NaN and infinity are refused."""
    return rfc8785.dumps(value)


def digest_of(value: Any) -> str:
    """Hex SHA-256 of the canonical JSON of ``value``."""
    return hashlib.sha256(canonical_bytes(value)).hexdigest()
