"""The part of a policy that says in what portions evidence about a version is counted."""

from datetime import UTC
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, Field

from fairness_audit.policy.base import Strict
from fairness_audit.policy.units import Unit

_Moment = Annotated[AwareDatetime, AfterValidator(lambda moment: moment.astimezone(UTC))]


class EvidencePolicy(Strict):
    """Decisions are evidence about a version by closed calendar units, each decision once."""

    unit: Unit = Field(
        default="week",
        description=(
            "What decisions are counted by, in UTC: the day, or the week from Monday. Only units"
            " that lie wholly inside the window of an audit count."
        ),
    )
    trained_until: dict[str, _Moment] = Field(
        default={},
        description=(
            "Per version, up to when rows trained or chose it, with a time zone; no earlier"
            " decision is evidence about it. The tag fairness_audit.trained_until of the version"
            " in the registry comes first."
        ),
    )
