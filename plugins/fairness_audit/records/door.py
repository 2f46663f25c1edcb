"""What passes from one step to the next: small, frozen, JSON. Rows stay in Parquet."""

from abc import abstractmethod
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Door(BaseModel):
    """Base of everything that passes a door; unknown keys are refused on the way in.

    ``model_dump(mode="json")`` gives what Airflow passes on, ``model_validate`` reads it back.
    In a published record the same fields are spelt as in-toto spells its own, ``atGate``.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        ser_json_inf_nan="null",
        alias_generator=to_camel,
        populate_by_name=True,
    )


class StepResult(Door):
    """Base of what a step gives."""

    @property
    @abstractmethod
    def summary(self) -> str:
        """What it is, for who watches the run: a few words."""


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("lies outside the calendar, seen from UTC") from error


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""A point in time, in UTC."""
