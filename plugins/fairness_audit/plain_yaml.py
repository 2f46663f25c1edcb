"""YAML of somebody else, read as plain data."""

from typing import Any

import yaml


class _Plain(yaml.SafeLoader):
    """Without merge keys: by them a file of a few lines grows beyond all memory."""

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Leave a merge key where it is; what it leads to is an error then."""


def read_plain(content: bytes) -> Any:
    """What the content says.

    Raises:
        yaml.YAMLError: it is no YAML, or asks for more than plain data.
        UnicodeDecodeError: it is no text.
    """
    return yaml.load(content, _Plain)  # noqa: S506 - it is a safe loader
