"""What every part of a policy is made of."""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.fields import FieldInfo

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
"""A lower-case identifier: it becomes part of a column, file or DAG name."""

SourceName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_$ ]{0,127}$")]
"""A CRM's own name of a schema, table or column."""

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
