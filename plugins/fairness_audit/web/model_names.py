"""What may stand in a question: names of models and of their versions."""

from typing import Annotated

from pydantic import StringConstraints

from fairness_audit.policy.base import Name

ModelName = Name

VersionName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+:@-]{0,99}$", max_length=100)
]
"""A version in a registry. MLflow counts 1, 2, 3; others write `2.1.0` or `2026-01-31`. Neither a
slash nor a space nor a line's end: what names one version has one spelling."""
