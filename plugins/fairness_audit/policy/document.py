"""YAML read strictly, remembering on which line each field stands."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from fairness_audit.encoding import plain_data
from fairness_audit.errors import PolicyError, PolicyFault
from fairness_audit.policy.consistency import FieldPath

_LARGEST = 256 * 1024
_DEEPEST = 50
_BEGIN = (
    yaml.BlockMappingStartToken,
    yaml.BlockSequenceStartToken,
    yaml.FlowMappingStartToken,
    yaml.FlowSequenceStartToken,
)
_END = (yaml.BlockEndToken, yaml.FlowMappingEndToken, yaml.FlowSequenceEndToken)


@dataclass(frozen=True)
class Document:
    """The content of one YAML file and the line of every field in it."""

    file: Path
    content: Any
    lines: dict[FieldPath, int]

    def line_of(self, path: FieldPath) -> int:
        """Line of the field, or of the nearest part of the document that contains it."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return 1


def read_document(file: Path) -> Document:
    """Parse a YAML file; broken syntax, repeated keys and aliases are faults.

    Raises:
        PolicyError: with every fault found, when the file cannot be read as plain YAML.
    """
    try:
        text = file.read_text(encoding="utf-8")
        if len(text) > _LARGEST:
            raise PolicyError([_fault(file, 1, "file is larger than 256 KiB", "split the audit")])
        _refuse_endless(file, text)
        node = plain_data(partial(yaml.compose, text, Loader=yaml.SafeLoader))
        content = plain_data(partial(yaml.safe_load, text))
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(
            [_fault(file, 1, f"cannot be read: {error}", "write a UTF-8 file")]
        ) from error
    except yaml.YAMLError as error:
        raise PolicyError([_syntax_fault(file, error)]) from error
    fields = [] if node is None else list(_fields(node, ()))
    repeated = [
        PolicyFault(file, line, str(path[-1]), "the key is given twice", "keep one of the two")
        for (path, line), earlier in zip(fields, _running(fields), strict=True)
        if path in earlier
    ]
    if repeated:
        raise PolicyError(repeated)
    return Document(file, content, dict(fields))


def _fields(node: yaml.Node, path: FieldPath) -> Iterator[tuple[FieldPath, int]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inside = (*path, key.value)
            yield inside, key.start_mark.line + 1
            yield from _fields(value, inside)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            inside = (*path, index)
            yield inside, value.start_mark.line + 1
            yield from _fields(value, inside)


def _running(fields: list[tuple[FieldPath, int]]) -> Iterator[set[FieldPath]]:
    seen: set[FieldPath] = set()
    for path, _ in fields:
        yield seen
        seen.add(path)


def _refuse_endless(file: Path, text: str) -> None:
    # An alias can make a small file expand without end; what is nested deep is read for minutes.
    depth = 0
    for token in yaml.scan(text, Loader=yaml.SafeLoader):
        line = token.start_mark.line + 1
        if isinstance(token, yaml.AliasToken):
            raise PolicyError([_fault(file, line, "aliases are refused", "write it out")])
        depth += isinstance(token, _BEGIN) - isinstance(token, _END)
        if depth > _DEEPEST:
            raise PolicyError([_fault(file, line, "is nested too deep", "close what is open")])


def _syntax_fault(file: Path, error: yaml.YAMLError) -> PolicyFault:
    mark = getattr(error, "problem_mark", None)
    line = mark.line + 1 if mark else 1
    problem = getattr(error, "problem", None) or str(error)
    return _fault(file, line, f"not valid YAML: {problem}", "mend the syntax at this line")


def _fault(file: Path, line: int, fault: str, cure: str) -> PolicyFault:
    return PolicyFault(file, line, "(file)", fault, cure)
