"""Points in time, as records hold them."""

from datetime import UTC
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime

Moment = Annotated[AwareDatetime, AfterValidator(lambda moment: moment.astimezone(UTC))]
"""A point in time, in UTC."""
