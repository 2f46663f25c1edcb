"""What every part of a policy is made of."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

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
