"""Bytes and values: one spelling per value (RFC 8785), and YAML as plain data."""

import hashlib
from typing import Any

import rfc8785
import yaml


def canonical_bytes(value: Any) -> bytes:
    """JSON of ``value`` in the canonical form of RFC 8785; NaN and infinity are refused."""
    return rfc8785.dumps(value)


def digest_of(value: Any) -> str:
    """Hex SHA-256 of the canonical JSON of ``value``."""
    return hashlib.sha256(canonical_bytes(value)).hexdigest()


class _Plain(yaml.SafeLoader):
    """Without merge keys: by them a file of a few lines grows beyond all memory."""

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Leave a merge key where it is; what it leads to is an error then."""


def read_yaml(content: bytes) -> Any:
    """What the content says.

    Raises:
        yaml.YAMLError: it is no YAML, or asks for more than plain data.
        UnicodeDecodeError: it is no text.
    """
    return yaml.load(content, _Plain)  # noqa: S506 - it is a safe loader
