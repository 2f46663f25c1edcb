"""The biases planted in the sample, all of them, and nowhere else.

Each is a habit of the invented company that loses a share of the good labels of some people in
the history a model is trained on. What people really do (buy, respond) does not depend on any
group, so a model that picks up the habit is unfair and one that does not is fair.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class PlantedBias:
    """One habit, the group it harms, the model version that learns it, and the rule it breaks.

    ``size`` is the share, in [0, 1], of the good labels that the habit loses.
    """

    name: str
    model: str
    model_version: str
    attribute: str
    group: str
    mechanism: str
    size: float
    rule: str


WOMEN_RATED_COLD = PlantedBias(
    name="women_rated_cold",
    model="lead_scoring",
    model_version="1",
    attribute="gender",
    group="F",
    mechanism=(
        "Salespeople rated promising leads of women 'Cold'. Version 1 learns from their ratings"
        " and sees the salutation; version 2 learns from won opportunities and does not."
    ),
    size=0.30,
    rule="four_fifths",
)

PHONE_RATED_COLD = PlantedBias(
    name="phone_rated_cold",
    model="lead_scoring",
    model_version="1",
    attribute="age_band",
    group="65+",
    mechanism=(
        "Salespeople rated promising leads that came by telephone 'Cold'; more than half of the"
        " people over 64 come that way, and one in ten of the others."
    ),
    size=0.50,
    rule="four_fifths",
)

VOUCHERS_UNDELIVERED = PlantedBias(
    name="vouchers_undelivered",
    model="offer_targeting",
    model_version="2",
    attribute="ethnic_group",
    group="Belmar",
    mechanism=(
        "Past vouchers were often not delivered in postcode districts 03 and 07, where three in"
        " four Belmar live, so few answers came from there. Version 2 sees the district;"
        " version 1 does not."
    ),
    size=0.45,
    rule="four_fifths",
)

BIASES: tuple[PlantedBias, ...] = (WOMEN_RATED_COLD, PHONE_RATED_COLD, VOUCHERS_UNDELIVERED)
NO_BIASES: tuple[PlantedBias, ...] = ()


def planted_size(biases: Sequence[PlantedBias], bias: PlantedBias) -> float:
    """The size with which ``bias`` is planted among ``biases``; 0 if it is not."""
    return next((each.size for each in biases if each.name == bias.name), 0.0)
