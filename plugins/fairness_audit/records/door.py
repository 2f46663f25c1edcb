"""What passes from one step to the next: small, frozen, JSON. Rows stay in Parquet."""

from pydantic import BaseModel, ConfigDict


class Door(BaseModel):
    """Base of everything that passes a door; unknown keys are refused on the way in.

    ``model_dump(mode="json")`` gives what Airflow passes on, ``model_validate`` reads it back.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="null")
