"""What every part of a policy is made of."""

import re
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)
from pydantic.fields import FieldInfo

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
"""A lower-case identifier: it becomes part of a column, file or DAG name."""

_LONGEST_NAME = 300
# What cannot be seen, or turns the direction of what can; and what quotes names or escapes.
_UNPUBLISHED = re.compile(
    r'[\x00-\x1f\x7f-\x9f"`\\\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]'
)


def _published(name: str) -> str:
    if name == "*" or _UNPUBLISHED.search(name):
        raise ValueError(
            "the name holds what no name of a CRM does: a character that cannot be seen, a double"
            " or back quote, a backslash; give the policy a view with other names"
        )
    return name


_SOURCE_NAME: Final[dict[str, Any]] = {
    "type": "string",
    "minLength": 1,
    "maxLength": _LONGEST_NAME,
}

SourceName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=_LONGEST_NAME),
    AfterValidator(_published),
    WithJsonSchema(_SOURCE_NAME),
]
"""A CRM's own name of a schema, table or column, as it publishes it: `marital-status`, `año`.

Whatever it holds, it is quoted where a statement is made.
"""


def _columns(key: Any) -> Any:
    return (key,) if isinstance(key, str) else key


def as_written(key: tuple[str, ...]) -> str | tuple[str, ...]:
    """A key as it is written: one column as it is, several as a list."""
    return key[0] if len(key) == 1 else key


Key = Annotated[
    tuple[SourceName, ...],
    Field(min_length=1),
    BeforeValidator(_columns),
    PlainSerializer(as_written),
    WithJsonSchema(
        {
            "anyOf": [
                _SOURCE_NAME,
                {"type": "array", "items": _SOURCE_NAME, "minItems": 1, "uniqueItems": True},
            ]
        }
    ),
]
"""The column, or the columns together, that name each row; one is written as it is."""

Group = Annotated[str, StringConstraints(min_length=1, max_length=100)]

UNKNOWN = "unknown"
"""The group of subjects whose attribute is not known; counted, never a reference group."""


class Strict(BaseModel):
    """Base of every part of a policy: frozen, and unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)


class _OnlyRun:
    """Marks a field that says how an audit is run, and nothing of what is judged."""


ONLY_RUN: Final = _OnlyRun()
"""In the type of a field: what it says is no part of an audit's method."""


def is_only_run(field: FieldInfo) -> bool:
    """True if a field says how an audit is run alone, such as when, by whom and where."""
    return ONLY_RUN in field.metadata


OUTSIDE: Final = {
    "always": "No part of the policy's digest: ",
    "at its default": "Left at its default it is no part of the policy's digest: ",
}
"""How the description of a field says when it is outside the digest; the reason follows."""


def outside_digest(
    when: Literal["always", "at its default"],
    *,
    default: Any,
    reason: str,
    description: str,
    ge: int | None = None,
    le: int | None = None,
) -> Any:
    """A field of a policy that the policy's digest leaves out; all others enter it.

    A record holds for one digest: what is ``always`` outside may change without another audit, so
    it must change no verdict. What is outside ``at its default`` came later than policies that
    were audited, or stands for nothing: where nobody wrote it, their digest stays what it was, and
    a new default would change what they mean without changing their digest.
    """
    return Field(
        default=default,
        exclude=when == "always",
        exclude_if=None if when == "always" else lambda value: bool(value == default),
        description=f"{description} {OUTSIDE[when]}{reason}.",
        ge=ge,
        le=le,
    )
