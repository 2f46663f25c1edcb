"""The invented people of the sample: who they are, and what the company can know of it.

The shares below are the truth the sample is drawn from; the policies of the demo audits state
the same numbers as their reference populations. Arden, Belmar and Corvo are invented peoples.
"""

from dataclasses import dataclass

import numpy as np

from fairness_audit.demo.columns import DAY, Bools, Ints, Rows, Times, Words, generator, happens
from fairness_audit.demo.wording import FIRST_NAMES, LAST_NAMES

GENDERS = {"F": 0.47, "M": 0.47, "X": 0.06}
AGE_BANDS = {"18-29": 0.22, "30-49": 0.38, "50-64": 0.24, "65+": 0.16}
ETHNIC_GROUPS = {"Arden": 0.60, "Belmar": 0.25, "Corvo": 0.15}

DISTRICTS = tuple(f"{number:02d}" for number in range(1, 13))
BELMAR_DISTRICTS = ("03", "07")
_OTHERS = [district for district in DISTRICTS if district not in BELMAR_DISTRICTS]
_MIXED = dict.fromkeys(BELMAR_DISTRICTS, 0.05) | dict.fromkeys(_OTHERS, 0.90 / len(_OTHERS))
HOMES = {
    "Arden": _MIXED,
    "Belmar": {"03": 0.40, "07": 0.35} | dict.fromkeys(_OTHERS, 0.25 / len(_OTHERS)),
    "Corvo": _MIXED,
}
"""Where people live: the postcode district gives three in four Belmar away."""

SALUTATIONS = {"F": {"Ms": 1.0}, "M": {"Mr": 1.0}, "X": {"Mx": 0.7, "Mr": 0.15, "Ms": 0.15}}

WITHOUT_EMAIL = 0.03
"""Share that cannot be invited to the survey and has no respondent id."""

_YOUNGEST = {"18-29": 18, "30-49": 30, "50-64": 50, "65+": 65}
_YEARS = {"18-29": 12, "30-49": 20, "50-64": 15, "65+": 20}


@dataclass(frozen=True)
class People(Rows):
    """One row per person (or, after ``take``, per CRM record of a person).

    ``number`` identifies the person across the whole sample; ``reachable`` is False for those
    without an e-mail address.
    """

    number: Ints
    gender: Words
    age_band: Words
    ethnic_group: Words
    district: Words
    salutation: Words
    first_name: Words
    last_name: Words
    birth_date: Times
    reachable: Bools

    def __len__(self) -> int:
        return len(self.number)


def draw_people(seed: int, part: str, decided_on: Times, first_number: int) -> People:
    """Draw one person per day of decision; the age band is the one on that day.

    Nothing but the district, the salutation and the names depends on a group.
    """
    rng, size = generator(seed, f"people of {part}"), len(decided_on)
    gender = Words.draw(rng, GENDERS, size)
    age_band = Words.draw(rng, AGE_BANDS, size)
    ethnic_group = Words.draw(rng, ETHNIC_GROUPS, size)
    # A few days inside the band on either side, so that leap days move nobody across.
    within = 0.01 + 0.98 * rng.random(size)
    years = age_band.values(_YOUNGEST) + within * age_band.values(_YEARS)
    day = decided_on.astype("datetime64[D]")
    lived = (years * 365.25).astype(np.int64) * DAY
    born: Times = np.subtract(day, lived)
    return People(
        number=first_number + np.arange(size),
        gender=gender,
        age_band=age_band,
        ethnic_group=ethnic_group,
        district=Words.draw_by(rng, ethnic_group, HOMES),
        salutation=Words.draw_by(rng, gender, SALUTATIONS),
        first_name=Words.draw_by(rng, gender, FIRST_NAMES),
        last_name=Words.even(rng, LAST_NAMES, size),
        birth_date=born,
        reachable=~happens(rng, WITHOUT_EMAIL, size),
    )
