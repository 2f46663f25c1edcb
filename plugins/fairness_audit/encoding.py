"""Bytes and values: one spelling per value (RFC 8785), and YAML as plain data."""

import hashlib
import re
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import rfc8785
import yaml

T = TypeVar("T")


def canonical_bytes(value: Any) -> bytes:
    """JSON of ``value`` in the canonical form of RFC 8785; NaN and infinity are refused."""
    return rfc8785.dumps(value)


def digest_of(value: Any) -> str:
    """Hex SHA-256 of the canonical JSON of ``value``."""
    return hashlib.sha256(canonical_bytes(value)).hexdigest()


_REFERENCES = re.compile(r"[*&][\w-]")
_MOST_REFERENCES = 1_000
_MOST_VALUES = 1_000_000


class _Plain(yaml.SafeLoader):
    """Without merge keys: by them a file of a few lines grows beyond all memory."""

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Leave a merge key where it is; what it leads to is an error then."""


def read_yaml(content: bytes) -> Any:
    """What the content says.

    Raises:
        yaml.YAMLError: it is no YAML, asks for more than plain data, or is far more than it looks:
            what it says again by reference counts as often as it is said.
        UnicodeDecodeError: it is no text in UTF-8, which is all that is counted in here.
    """
    text = content.decode("utf-8")
    if len(_REFERENCES.findall(text)) > _MOST_REFERENCES:
        raise yaml.YAMLError("it refers to itself too often")
    said = plain_data(partial(yaml.load, text, _Plain))
    _refuse_endless(said)
    return said


def plain_data(read: Callable[[], T]) -> T:
    """What a reader of YAML gives; whatever it fails by is an error of the file.

    Raises:
        yaml.YAMLError: it fails.
    """
    try:
        return read()
    except yaml.YAMLError:
        raise
    except Exception as error:  # too deep; a date, a number or a truth value that is none
        raise yaml.YAMLError(f"it is no plain data: {type(error).__name__}") from error


def _refuse_endless(said: object) -> None:
    """Raise for more values than there can be in a file that is read by people."""
    waiting, count = [said], 0
    while waiting:
        value = waiting.pop()
        count += 1
        if count > _MOST_VALUES:
            raise yaml.YAMLError("what it refers to is too much to be written out")
        if isinstance(value, dict):
            waiting += [*value, *value.values()]
        elif isinstance(value, list | tuple | set):
            waiting += value
